use std::collections::HashMap;

/// What a step gives for blank paper.
#[derive(Debug)]
pub(crate) struct StepBackground {
    pub(crate) floats: BackgroundRows,
    /// One an output of bits.
    pub(crate) bits: Vec<Vec<u32>>,
}

/// The floats of every position, each different row once: most positions see nothing of the border.
#[derive(Debug, Default)]
pub(crate) struct BackgroundRows {
    channels: usize,
    /// By position.
    rows: Vec<u32>,
    values: Vec<f32>,
}

impl BackgroundRows {
    pub(crate) fn new<'a>(channels: usize, positions: impl Iterator<Item = &'a [f32]>) -> Self {
        let mut known = HashMap::new();
        let mut values = Vec::new();
        let row_of = |position: &'a [f32]| {
            // Numbers that are equal need not be the same: there are two zeros.
            let bits: Vec<u32> = position.iter().map(|value| value.to_bits()).collect();
            let next = known.len() as u32;
            *known.entry(bits).or_insert_with(|| {
                values.extend_from_slice(position);
                next
            })
        };
        let rows = positions.map(row_of).collect();
        Self { channels, rows, values }
    }

    pub(crate) fn get(&self, position: usize) -> &[f32] {
        &self.values[self.rows[position] as usize * self.channels..][..self.channels]
    }
}

/// What all steps give for blank paper, as far as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackgroundStore<'a> {
    all: &'a [Option<StepBackground>],
    /// The step that runs.
    step: usize,
}

impl<'a> BackgroundStore<'a> {
    pub(crate) fn new(all: &'a [Option<StepBackground>], step: usize) -> Self {
        Self { all, step }
    }

    pub(crate) fn all(self) -> &'a [Option<StepBackground>] {
        self.all
    }

    pub(crate) fn of_this(self) -> Option<&'a StepBackground> {
        self.all[self.step].as_ref()
    }
}

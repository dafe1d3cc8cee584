use std::collections::HashMap;

/// Results of a step for a blank canvas.
#[derive(Debug)]
pub(crate) struct StepBackground {
    pub(crate) floats: BackgroundRows,
    /// Bits of each bit output.
    pub(crate) bits: Vec<Vec<u32>>,
}

/// Float rows of every position, deduplicated: most windows see nothing of the border.
#[derive(Debug, Default)]
pub(crate) struct BackgroundRows {
    channels: usize,
    /// Index of each position's row.
    rows: Vec<u32>,
    values: Vec<f32>,
}

impl BackgroundRows {
    pub(crate) fn new<'a>(channels: usize, positions: impl Iterator<Item = &'a [f32]>) -> Self {
        let mut known = HashMap::new();
        let mut values = Vec::new();
        let row_of = |position: &'a [f32]| {
            // Compared by bits, since the two zeros are equal.
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

/// Backgrounds of all steps, as far as they are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackgroundStore<'a> {
    all: &'a [Option<StepBackground>],
    /// Index of the running step.
    step: usize,
}

impl<'a> BackgroundStore<'a> {
    pub(crate) fn new(all: &'a [Option<StepBackground>], step: usize) -> Self {
        Self { all, step }
    }

    pub(crate) fn all(self) -> &'a [Option<StepBackground>] {
        self.all
    }

    pub(crate) fn current(self) -> Option<&'a StepBackground> {
        self.all[self.step].as_ref()
    }
}

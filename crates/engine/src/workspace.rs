use crate::{EngineError, ink::Ink};

/// The most memory that the buffers of one session may take.
const MAX_BYTES: u64 = 2 << 30;

/// How many elements of each buffer a step uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    /// Of the floats it reads or writes.
    pub(crate) floats: usize,
    /// Words of the bits it reads or writes.
    pub(crate) bits: usize,
    /// Words of bits with every position at the start of a word.
    pub(crate) loose: usize,
    /// Words of gathered windows of bits.
    pub(crate) patches: usize,
    /// Integer results.
    pub(crate) counts: usize,
    /// Floats of gathered windows.
    pub(crate) columns: usize,
    /// Non-zero elements of an input.
    pub(crate) ink: usize,
    /// Elements of one of its rows.
    pub(crate) ink_row: usize,
    /// Non-zero elements of the rows under one row of windows.
    pub(crate) ink_band: usize,
}

impl Needs {
    /// Enough for both, since steps run one after another.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            floats: self.floats.max(other.floats),
            bits: self.bits.max(other.bits),
            loose: self.loose.max(other.loose),
            patches: self.patches.max(other.patches),
            counts: self.counts.max(other.counts),
            columns: self.columns.max(other.columns),
            ink: self.ink.max(other.ink),
            ink_row: self.ink_row.max(other.ink_row),
            ink_band: self.ink_band.max(other.ink_band),
        }
    }

    /// Refuses buffers that no sketch recogniser needs.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        let words = [2 * self.bits as u64, self.loose as u64, self.patches as u64, self.ink_band as u64];
        let halves = [2 * self.floats, self.counts, self.columns, 5 * self.ink, 3 * self.ink_row];
        let bytes = words.iter().fold(0_u64, |sum, &words| sum.saturating_add(words.saturating_mul(8)));
        let bytes =
            halves.iter().fold(bytes, |sum, &each| sum.saturating_add((each as u64).saturating_mul(4)));
        if bytes <= MAX_BYTES {
            return Ok(());
        }
        Err(EngineError::TooLarge { what: "the working memory of this model", bytes, limit: MAX_BYTES })
    }
}

/// A buffer that steps read and one that they write, which then change places.
#[derive(Debug)]
pub(crate) struct Pair<T> {
    pub(crate) front: Vec<T>,
    pub(crate) back: Vec<T>,
}

impl<T: Copy + Default> Pair<T> {
    fn new(len: usize) -> Self {
        Self { front: vec![T::default(); len], back: vec![T::default(); len] }
    }

    /// What was written is read next.
    pub(crate) fn swap(&mut self) {
        std::mem::swap(&mut self.front, &mut self.back);
    }
}

/// All the memory that running a model takes.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) floats: Pair<f32>,
    pub(crate) bits: Pair<u64>,
    pub(crate) loose: Vec<u64>,
    pub(crate) patches: Vec<u64>,
    pub(crate) counts: Vec<u32>,
    pub(crate) columns: Vec<f32>,
    pub(crate) ink: Ink,
}

impl Workspace {
    pub(crate) fn new(needs: &Needs) -> Self {
        Self {
            floats: Pair::new(needs.floats),
            bits: Pair::new(needs.bits),
            loose: vec![0; needs.loose],
            patches: vec![0; needs.patches],
            counts: vec![0; needs.counts],
            columns: vec![0.0; needs.columns],
            ink: Ink::new(needs),
        }
    }
}

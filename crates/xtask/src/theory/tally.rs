use std::fmt;

/// Mean and spread of numbers met one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Tally {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// With `n − 1` in the denominator; 0 of fewer than two.
    pub(super) fn deviation(&self) -> f64 {
        (self.squares / (self.count - 1.0).max(1.0)).sqrt()
    }

    pub(super) fn standard_error(&self) -> f64 {
        self.deviation() / self.count.max(1.0).sqrt()
    }
}

impl FromIterator<f64> for Tally {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut tally = Self::default();
        values.into_iter().for_each(|value| tally.add(value));
        tally
    }
}

/// Mean ± standard error.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ± {:.4}", self.mean(), self.standard_error())
    }
}

//! Objective of the optimal split.

/// The upper part of a filter: its `count` largest weights, whose sum is `sum`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpperPart {
    pub count: usize,
    pub sum: f64,
}

impl UpperPart {
    pub(crate) const EMPTY: Self = Self { count: 0, sum: 0.0 };
}

/// Constants of a filter in the gain of a split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GainObjective {
    n: f64,
    total: f64,
}

impl GainObjective {
    pub(crate) fn new(n: usize, total: f64) -> Self {
        Self { n: n as f64, total }
    }

    /// `n` times what two values gain over one, `(nP − KT)² / (K(n − K))`. It differs from the
    /// paper's `P²/K + (T − P)²/(n − K)` by a constant and a factor, needs one division, and
    /// loses nothing to a mean that is large beside the spread. Convex in `K` and `P`.
    pub(crate) fn at(self, count: f64, sum: f64) -> f64 {
        let parts = count * (self.n - count);
        let between = self.n * sum - count * self.total;
        if parts > 0.0 { between * between / parts } else { 0.0 }
    }

    pub(crate) fn of(self, part: UpperPart) -> f64 {
        self.at(part.count as f64, part.sum)
    }
}

/// The best cut so far; the first of equally good ones.
pub(crate) struct BestCut {
    gain: f64,
    /// Smallest weight of its upper part.
    pub cut: Option<f32>,
}

impl BestCut {
    pub(crate) const NONE: Self = Self { gain: f64::NEG_INFINITY, cut: None };

    /// Moves the weights of `descending` into `part`, one after the other, and tries to cut below
    /// each that is followed by a smaller one. Whether one smaller than the last exists is for the
    /// caller to say.
    pub(crate) fn scan(
        &mut self,
        objective: GainObjective,
        mut part: UpperPart,
        descending: &[f32],
        more: bool,
    ) {
        for (index, &weight) in descending.iter().enumerate() {
            part.count += 1;
            part.sum += f64::from(weight);
            if descending.get(index + 1).map_or(more, |&next| next != weight) {
                let gain = objective.of(part);
                if gain > self.gain {
                    *self = Self { gain, cut: Some(weight) };
                }
            }
        }
    }
}

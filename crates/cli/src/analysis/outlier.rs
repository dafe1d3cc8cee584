use dabnet_binarize::{FilterStatistics, Scheme};

use crate::page::histogram::Histogram;

/// A filter that two values miss much of.
#[derive(Debug)]
pub(super) struct Outlier {
    /// Number of its output channel, from 0.
    pub index: usize,
    pub statistics: FilterStatistics,
    pub histogram: Histogram,
}

impl Outlier {
    pub(super) fn new(index: usize, weights: &[f32], statistics: &FilterStatistics) -> Self {
        let split = |scheme| &statistics.fit(scheme).split;
        let histogram = Histogram::new(weights, split(Scheme::Sign), split(Scheme::Dab));
        Self { index, statistics: statistics.clone(), histogram }
    }

    /// What the best two values miss.
    pub(super) fn error(&self) -> f64 {
        self.statistics.fit(Scheme::Dab).relative_error
    }
}

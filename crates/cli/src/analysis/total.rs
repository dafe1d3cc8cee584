use dabnet_binarize::{FilterStatistics, Scheme};

/// How well two values stand for filters, summed over them.
#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    pub filters: usize,
    pub weights: usize,
    /// `‖W‖²`.
    norm: f64,
    /// `‖W − W̃‖²` in the order of [`Scheme::ALL`].
    errors: [f64; Scheme::ALL.len()],
    /// Sums of each filter's relative error, in that order.
    relative: [f64; Scheme::ALL.len()],
}

impl Total {
    pub(super) fn of<'a>(filters: impl IntoIterator<Item = (&'a [f32], &'a FilterStatistics)>) -> Self {
        let mut total = Self::default();
        for (weights, statistics) in filters {
            let norm: f64 = weights.iter().map(|&weight| f64::from(weight).powi(2)).sum();
            total.filters += 1;
            total.weights += weights.len();
            total.norm += norm;
            for (index, scheme) in Scheme::ALL.into_iter().enumerate() {
                let error = statistics.fit(scheme).relative_error;
                total.relative[index] += error;
                total.errors[index] += error * norm;
            }
        }
        total
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.filters += other.filters;
        self.weights += other.weights;
        self.norm += other.norm;
        self.errors.iter_mut().zip(other.errors).for_each(|(sum, error)| *sum += error);
        self.relative.iter_mut().zip(other.relative).for_each(|(sum, error)| *sum += error);
    }

    /// The share of the weights' square that a scheme misses; none of zeros.
    pub(super) fn error(&self, scheme: Scheme) -> f64 {
        if self.norm > 0.0 { self.errors[scheme as usize] / self.norm } else { 0.0 }
    }

    /// The mean over filters of that share.
    pub(super) fn mean_error(&self, scheme: Scheme) -> f64 {
        self.relative[scheme as usize] / self.filters.max(1) as f64
    }
}

use dabnet_binarize::{Granularity, Scheme, Split, SplitError, split};
use rayon::prelude::*;

use crate::{Tensor, WeightsError};

/// Consecutive filters of a tensor, binarized.
pub(crate) struct BinarizedFilters {
    /// The filters' weights, one filter after the other.
    weights: Vec<f32>,
    n: usize,
    granularity: Granularity,
    /// Split of each group of weights that share two values.
    pub splits: Vec<Split>,
    pub fit: ApproximationErrors,
}

/// Error sums of the approximation by two values, over groups of weights.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ApproximationErrors {
    /// `‖W‖²`.
    pub norm: f64,
    /// `‖W − W̃‖²` in the order of [`Scheme::ALL`].
    pub errors: [f64; Scheme::ALL.len()],
    /// Sum of `K`.
    pub upper: u64,
}

impl ApproximationErrors {
    pub(crate) fn add(&mut self, other: &Self) {
        self.norm += other.norm;
        self.upper += other.upper;
        self.errors.iter_mut().zip(other.errors).for_each(|(sum, error)| *sum += error);
    }
}

impl BinarizedFilters {
    /// Splits consecutive filters of `tensor`, starting at filter `first`.
    pub(crate) fn new(
        tensor: &Tensor,
        first: usize,
        weights: Vec<f32>,
        scheme: Scheme,
        granularity: Granularity,
    ) -> Result<Self, WeightsError> {
        let n = tensor.filter_len();
        let groups: Vec<&[f32]> = granularity.groups(&weights, n).collect();
        let results: Vec<Result<(Split, ApproximationErrors), SplitError>> =
            groups.par_iter().map(|group| binarized(scheme, group)).collect();
        let (mut splits, mut fit, mut start) =
            (Vec::with_capacity(groups.len()), ApproximationErrors::default(), 0);
        for (result, group) in results.into_iter().zip(&groups) {
            let (split, of_group) = result.map_err(|source| tensor.split_error(first * n + start, source))?;
            splits.push(split);
            fit.add(&of_group);
            start += group.len();
        }
        Ok(Self { weights, n, granularity, splits, fit })
    }

    /// Weights replaced by their values, filter by filter.
    pub(crate) fn values(&self) -> Vec<f32> {
        let groups = self.granularity.groups(&self.weights, self.n).zip(&self.splits);
        groups.flat_map(|(group, split)| group.iter().map(|&weight| split.value(weight))).collect()
    }

    /// One bit a weight, `e`, lowest bit first; each filter begins a byte.
    pub(crate) fn bits(&self) -> Vec<u8> {
        let groups = self.granularity.groups(&self.weights, self.n).zip(&self.splits);
        let upper: Vec<bool> =
            groups.flat_map(|(group, split)| group.iter().map(|&weight| split.is_upper(weight))).collect();
        let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        upper.chunks(self.n).flat_map(|filter| filter.chunks(8).map(byte)).collect()
    }
}

fn binarized(scheme: Scheme, group: &[f32]) -> Result<(Split, ApproximationErrors), SplitError> {
    let mut fit = ApproximationErrors {
        norm: group.iter().map(|&weight| f64::from(weight) * f64::from(weight)).sum(),
        ..ApproximationErrors::default()
    };
    let mut chosen = None;
    for (candidate, error) in Scheme::ALL.into_iter().zip(&mut fit.errors) {
        let split = split(candidate, group)?;
        *error = split.squared_error(group);
        if candidate == scheme {
            chosen = Some(split);
            fit.upper = split.count as u64;
        }
    }
    chosen.map(|split| (split, fit)).ok_or(SplitError::Empty)
}

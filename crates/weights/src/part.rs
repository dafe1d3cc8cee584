use dabnet_binarize::{Granularity, Scheme, Split, SplitError, split};
use rayon::prelude::*;

use crate::{Tensor, WeightsError};

/// Some filters of a tensor, binarized.
pub(crate) struct Part {
    /// The filters' weights, one filter after the other.
    weights: Vec<f32>,
    n: usize,
    granularity: Granularity,
    /// One a group of weights that share their values.
    pub splits: Vec<Split>,
    pub fit: Fit,
}

/// How well two values stand for weights, summed over groups of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fit {
    /// `‖W‖²`.
    pub norm: f64,
    /// `‖W − W̃‖²` in the order of [`Scheme::ALL`].
    pub errors: [f64; Scheme::ALL.len()],
    /// Sum of `K`.
    pub upper: u64,
}

impl Fit {
    pub(crate) fn add(&mut self, other: &Self) {
        self.norm += other.norm;
        self.upper += other.upper;
        self.errors.iter_mut().zip(other.errors).for_each(|(sum, error)| *sum += error);
    }
}

impl Part {
    /// Splits filters of `tensor`, the first of which is `first`.
    pub(crate) fn new(
        tensor: &Tensor,
        first: usize,
        weights: Vec<f32>,
        scheme: Scheme,
        granularity: Granularity,
    ) -> Result<Self, WeightsError> {
        let n = tensor.filter_len();
        let groups: Vec<&[f32]> = granularity.groups(&weights, n).collect();
        let results: Vec<Result<(Split, Fit), SplitError>> =
            groups.par_iter().map(|group| binarized(scheme, group)).collect();
        let (mut splits, mut fit, mut start) = (Vec::with_capacity(groups.len()), Fit::default(), 0);
        for (result, group) in results.into_iter().zip(&groups) {
            let (split, of_group) = result.map_err(|source| tensor.split_error(first * n + start, source))?;
            splits.push(split);
            fit.add(&of_group);
            start += group.len();
        }
        Ok(Self { weights, n, granularity, splits, fit })
    }

    /// The weights with each replaced by its value, one filter after the other.
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

fn binarized(scheme: Scheme, group: &[f32]) -> Result<(Split, Fit), SplitError> {
    let mut fit = Fit {
        norm: group.iter().map(|&weight| f64::from(weight) * f64::from(weight)).sum(),
        ..Fit::default()
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

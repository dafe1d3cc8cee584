use alloc::vec::Vec;

use crate::SplitError;

/// A filter as two values: `alpha` for weights at or above `cut`, `beta` for the others.
///
/// Every scheme splits at a threshold, so `e` need not be stored to be applied again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// The value of the upper part; never below `beta`.
    pub alpha: f32,
    /// The value of the lower part.
    pub beta: f32,
    /// The least weight that belongs to the upper part.
    pub cut: f32,
    /// `K`: how many weights the upper part has.
    pub count: usize,
}

impl Split {
    /// True if a weight belongs to the upper part, `e = 1`.
    pub fn is_upper(&self, weight: f32) -> bool {
        weight >= self.cut
    }

    /// The value that stands for a weight: `α` where `e = 1`, `β` elsewhere.
    pub fn value(&self, weight: f32) -> f32 {
        if self.is_upper(weight) { self.alpha } else { self.beta }
    }

    /// `‖W − W̃‖²`.
    pub fn squared_error(&self, weights: &[f32]) -> f64 {
        weights.iter().map(|&w| square(f64::from(w) - f64::from(self.value(w)))).sum()
    }

    /// Relative squared error `‖W − W̃‖² / ‖W‖²`; 0 for a filter of zeros, which every scheme represents
    /// exactly.
    pub fn relative_error(&self, weights: &[f32]) -> f64 {
        let norm: f64 = weights.iter().map(|&w| square(f64::from(w))).sum();
        if norm > 0.0 { self.squared_error(weights) / norm } else { 0.0 }
    }

    /// Split with the means of the weights on either side of `cut`, both of which must have weights.
    pub(crate) fn at(cut: f32, weights: &[f32]) -> Self {
        let SplitSides { count, upper, lower } = SplitSides::new(weights, cut);
        let rest = weights.len() - count;
        Self { alpha: (upper / count as f64) as f32, beta: (lower / rest as f64) as f32, cut, count }
    }

    /// For weights that are all equal: one value for all.
    pub(crate) fn constant(weights: &[f32]) -> Self {
        Self { alpha: weights[0], beta: weights[0], cut: weights[0], count: weights.len() }
    }
}

/// Checks that a filter has weights and that all are finite.
pub(crate) fn check(weights: &[f32]) -> Result<(), SplitError> {
    if weights.is_empty() {
        return Err(SplitError::Empty);
    }
    // Without an early exit the loop runs on vectors.
    if weights.iter().fold(true, |finite, weight| finite & weight.is_finite()) {
        return Ok(());
    }
    let index = weights.iter().position(|weight| !weight.is_finite()).unwrap_or_default();
    Err(SplitError::NonFinite { index })
}

/// Sums of the weights on either side of a cut.
pub(crate) struct SplitSides {
    /// Number of weights at or above it.
    pub count: usize,
    /// Sum of these.
    pub upper: f64,
    /// Sum of the others.
    pub lower: f64,
}

impl SplitSides {
    pub(crate) fn new(weights: &[f32], cut: f32) -> Self {
        // Independent sums, a step at a time over all lanes, run on vectors without branches.
        const LANES: usize = 8;
        let (mut counts, mut uppers, mut lowers) = ([0u32; LANES], [0.0; LANES], [0.0; LANES]);
        let mut add = |weights: &[f32; LANES]| {
            let upper = weights.map(|weight| if weight >= cut { weight } else { 0.0 });
            let lower = weights.map(|weight| if weight >= cut { 0.0 } else { weight });
            (0..LANES).for_each(|lane| counts[lane] += u32::from(weights[lane] >= cut));
            (0..LANES).for_each(|lane| uppers[lane] += f64::from(upper[lane]));
            (0..LANES).for_each(|lane| lowers[lane] += f64::from(lower[lane]));
        };
        let (chunks, rest) = weights.as_chunks::<LANES>();
        chunks.iter().for_each(&mut add);
        let mut last = [0.0; LANES];
        last[..rest.len()].copy_from_slice(rest);
        add(&last);
        // The zeros that fill the last step are in no sum, but may be counted.
        let filling = if 0.0 >= cut { LANES - rest.len() } else { 0 };
        Self {
            count: counts.iter().sum::<u32>() as usize - filling,
            upper: uppers.iter().sum(),
            lower: lowers.iter().sum(),
        }
    }
}

pub(crate) fn square(x: f64) -> f64 {
    x * x
}

/// Finite weights in descending order, with zeros of both signs equal.
pub(crate) fn descending(weights: impl Iterator<Item = f32>) -> Vec<f32> {
    // Integers in the opposite order of the numbers sort several times faster than numbers.
    let mut keys: Vec<i32> = weights.map(|weight| !ordered((weight + 0.0).to_bits() as i32)).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| f32::from_bits(ordered(!key) as u32)).collect()
}

/// Maps the bits of a number to an integer of the same order, and back.
fn ordered(bits: i32) -> i32 {
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts_from_the_largest(weights in prop::collection::vec(-1e3f32..1e3, 0..50)) {
            let mut expected = weights.clone();
            expected.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(descending(weights.into_iter()), expected);
        }
    }
}

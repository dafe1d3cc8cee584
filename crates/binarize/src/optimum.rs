//! The exact optimum by sorting.

use crate::{
    Split,
    objective::{BestCut, GainObjective, UpperPart},
    refine,
    split::descending,
};

/// The optimum, in linear time where that is enough to prove it.
pub(crate) fn fastest(weights: &[f32]) -> Split {
    let (middle, deviation) = rough_shape(weights);
    // What the two values of a Gaussian are apart; the guess decides the time only.
    refine::near(weights, middle, 2.0 * deviation).unwrap_or_else(|| sorted(weights))
}

/// Estimates mean and mean deviation from some of the weights, sampled in runs, as each run holds all taps.
fn rough_shape(weights: &[f32]) -> (f64, f64) {
    const PIECES: usize = 8;
    const PIECE: usize = 16;
    let pieces = weights.chunks(weights.len().div_ceil(PIECES).max(PIECE));
    let sample =
        || pieces.clone().flat_map(|piece| piece.iter().take(PIECE)).map(|&weight| f64::from(weight));
    let count = sample().count() as f64;
    let mean = sample().sum::<f64>() / count;
    (mean, sample().map(|weight| (weight - mean).abs()).sum::<f64>() / count)
}

/// The optimum: `O(n log n)`.
fn sorted(weights: &[f32]) -> Split {
    let sorted = descending(weights.iter().copied());
    let total = sorted.iter().map(|&weight| f64::from(weight)).sum();
    let mut best = BestCut::NONE;
    best.scan(GainObjective::new(sorted.len(), total), UpperPart::EMPTY, &sorted, false);
    match best.cut {
        Some(cut) => Split::at(cut, weights),
        None => Split::constant(weights),
    }
}

#[cfg(test)]
mod tests {
    use super::sorted;
    use crate::{Scheme, split};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        /// Small integers: their sums are exact, so ties are too.
        #[test]
        fn the_fast_way_finds_what_sorting_finds(
            weights in prop::collection::vec(-40i16..40, 1..600),
            outlier in prop_oneof![Just(0i16), 1000i16..30000],
        ) {
            let mut weights: Vec<f32> = weights.into_iter().map(f32::from).collect();
            weights[0] += f32::from(outlier);
            prop_assert_eq!(split(Scheme::Dab, &weights).unwrap(), sorted(&weights));
        }

        /// Numbers of many kinds, for which two cuts may be equally good up to rounding.
        #[test]
        fn the_fast_way_is_as_good_as_sorting(
            weights in prop::collection::vec((-1.0f32..1.0, 0u8..10), 96..1500),
            power in 1i32..8,
            mean in prop_oneof![Just(0.0f32), -10.0f32..10.0, Just(1e4f32)],
            apart in prop_oneof![Just(0.0f32), 0.0f32..3.0],
            share in 0u8..10,
        ) {
            let weights: Vec<f32> = weights
                .into_iter()
                .map(|(weight, heap)| weight.powi(power) + mean + if heap < share { apart } else { 0.0 })
                .collect();
            let fast = split(Scheme::Dab, &weights).unwrap().squared_error(&weights);
            let slow = sorted(&weights).squared_error(&weights);
            // Values rounded to single precision miss by this much themselves.
            let rounding = weights.iter().map(|&weight| f64::from(weight).powi(2) * 1e-13).sum::<f64>();
            prop_assert!((fast - slow).abs() <= 1e-9 * slow + rounding, "{fast} {slow}");
        }
    }
}

//! Symmetric 8-bit quantization of weights, one scale per filter.

/// Largest quantized value. −128 is unused, so that a filter and its negative quantize alike.
const GREATEST: f32 = 127.0;

/// Quantizes the weights of one filter: scale `max|w| / 127`, and weights rounded to the nearest multiple of
/// it, ties away from 0.
///
/// The error of each weight is at most half the scale. The scale is 0 for a filter of zeros, and for one
/// whose largest weight is so small that the scale underflows.
///
/// ```
/// use dabnet_engine::{quantize, quantized_value};
///
/// let (scale, integers) = quantize(&[-254.0, 3.0, 0.9]);
/// assert_eq!((scale, integers), (2.0, vec![-127, 2, 0]));
/// assert_eq!(quantized_value(2, scale), 4.0);
/// ```
pub fn quantize(filter: &[f32]) -> (f32, Vec<i8>) {
    let scale = filter.iter().fold(0.0_f32, |most, weight| most.max(weight.abs())) / GREATEST;
    if scale == 0.0 {
        return (scale, vec![0; filter.len()]);
    }
    let nearest = |weight: &f32| (weight / scale).round().clamp(-GREATEST, GREATEST) as i8;
    (scale, filter.iter().map(nearest).collect())
}

/// Dequantizes weights of `scales.len()` filters of equal length.
pub(crate) fn dequantize<'a>(integers: &'a [i8], scales: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
    let filter = integers.len().checked_div(scales.len()).unwrap_or(0).max(1);
    let filters = integers.chunks(filter).zip(scales);
    filters.flat_map(|(filter, &scale)| filter.iter().map(move |&integer| value(integer, scale)))
}

/// Dequantizes one weight.
pub fn value(integer: i8, scale: f32) -> f32 {
    scale * f32::from(integer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_weight_moves_by_more_than_half_a_scale(
            filter in prop::collection::vec(-1e3..1e3_f32, 1..40),
            size in -30..30_i32,
        ) {
            let filter: Vec<f32> = filter.iter().map(|weight| weight * (size as f32).exp2()).collect();
            let (scale, integers) = quantize(&filter);
            prop_assert!(scale >= 0.0 && scale.is_finite());
            for (&weight, &integer) in filter.iter().zip(&integers) {
                prop_assert!(integer != i8::MIN);
                let error = (f64::from(weight) - f64::from(scale) * f64::from(integer)).abs();
                prop_assert!(error <= f64::from(scale) * (0.5 + 1e-4), "{weight} {integer} {scale}");
            }
        }

        /// Up to the last digit of a scale that is rounded twice.
        #[test]
        fn what_was_quantized_stays(filter in prop::collection::vec(-1.0..1.0_f32, 1..40)) {
            let (scale, integers) = quantize(&filter);
            let values: Vec<f32> = integers.iter().map(|&integer| value(integer, scale)).collect();
            let (again, same) = quantize(&values);
            prop_assert_eq!(&same, &integers);
            prop_assert!((again - scale).abs() <= scale * f32::EPSILON);
        }

        #[test]
        fn the_negative_has_negative_integers(filter in prop::collection::vec(-1.0..1.0_f32, 1..40)) {
            let negative: Vec<f32> = filter.iter().map(|weight| -weight).collect();
            let ((scale, integers), (same, negatives)) = (quantize(&filter), quantize(&negative));
            prop_assert_eq!(scale, same);
            prop_assert!(integers.iter().zip(&negatives).all(|(a, b)| *a == -*b));
        }
    }

    #[test]
    fn a_filter_by_hand() {
        let (scale, integers) = quantize(&[-254.0, 3.0, 1.0, 0.9, 0.0, 254.0]);
        assert_eq!((scale, integers), (2.0, vec![-127, 2, 1, 0, 0, 127]));
    }

    #[test]
    fn filters_without_a_scale_are_zeros() {
        for filter in [vec![], vec![0.0; 3], vec![-0.0, 0.0], vec![1e-45, -1e-45]] {
            assert_eq!(quantize(&filter), (0.0, vec![0; filter.len()]));
        }
        // Smallest subnormal numbers, of which the scale is a whole multiple: no integer leaves its range.
        let (scale, integers) = quantize(&[190.0 * 1e-45_f32, -1e-43]);
        assert!(scale > 0.0 && integers.iter().all(|&integer| integer != i8::MIN));
    }
}

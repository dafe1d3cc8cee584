//! The split against brute force and against what theory says of it.

use dabnet_binarize::{Scheme, Split, SplitError, split};
use proptest::prelude::*;

fn filters() -> impl Strategy<Value = Vec<f32>> {
    let plain = prop::collection::vec(-2.0f32..2.0, 1..13);
    let coarse = prop::collection::vec((-4i8..4).prop_map(f32::from), 1..13);
    let shifted = (prop::collection::vec(-0.1f32..0.1, 1..13), -3.0f32..3.0)
        .prop_map(|(weights, shift)| weights.iter().map(|weight| weight + shift).collect());
    prop_oneof![plain, coarse, shifted]
}

fn dab(weights: &[f32]) -> Split {
    split(Scheme::Dab, weights).unwrap()
}

/// Least squared error over every mask with both parts non-empty.
fn brute_force(weights: &[f32]) -> f64 {
    let n = weights.len();
    let norm: f64 = weights.iter().map(|&w| f64::from(w).powi(2)).sum();
    (1..(1u32 << n) - 1)
        .map(|mask| {
            let (mut upper, mut lower) = (0.0, 0.0);
            for (bit, &weight) in weights.iter().enumerate() {
                *(if mask >> bit & 1 == 1 { &mut upper } else { &mut lower }) += f64::from(weight);
            }
            let k = f64::from(mask.count_ones());
            norm - upper * upper / k - lower * lower / (n as f64 - k)
        })
        .fold(f64::INFINITY, f64::min)
}

proptest! {
    #[test]
    fn dab_is_the_optimum(weights in filters().prop_filter("two parts", |w| w.len() > 1)) {
        let error = dab(&weights).squared_error(&weights);
        prop_assert!((error - brute_force(&weights)).abs() <= 1e-5, "{error} {}", brute_force(&weights));
    }

    #[test]
    fn no_scheme_beats_dab(weights in filters()) {
        let best = dab(&weights).squared_error(&weights);
        for scheme in Scheme::ALL {
            let error = split(scheme, &weights).unwrap().squared_error(&weights);
            prop_assert!(best <= error + 1e-6, "{scheme}: {error} < {best}");
        }
    }

    #[test]
    fn the_cut_is_the_midpoint(weights in filters()) {
        let split = dab(&weights);
        let middle = (f64::from(split.alpha) + f64::from(split.beta)) / 2.0;
        for &weight in &weights {
            if (f64::from(weight) - middle).abs() > 1e-6 {
                prop_assert_eq!(split.is_upper(weight), f64::from(weight) > middle);
            }
        }
    }

    #[test]
    fn order_does_not_matter(weights in filters()) {
        let mut reversed = weights.clone();
        reversed.reverse();
        for scheme in Scheme::ALL {
            let (a, b) = (split(scheme, &weights).unwrap(), split(scheme, &reversed).unwrap());
            prop_assert_eq!((a.count, a.cut), (b.count, b.cut));
        }
    }

    #[test]
    fn splitting_two_values_gives_them_back(weights in filters()) {
        let first = dab(&weights);
        let two: Vec<f32> = weights.iter().map(|&weight| first.value(weight)).collect();
        let second = dab(&two);
        prop_assert_eq!((first.alpha, first.beta, first.count), (second.alpha, second.beta, second.count));
    }

    #[test]
    fn count_is_the_size_of_the_upper_part(weights in filters()) {
        for scheme in Scheme::ALL {
            let split = split(scheme, &weights).unwrap();
            prop_assert_eq!(split.count, weights.iter().filter(|&&w| split.is_upper(w)).count());
            prop_assert!(split.alpha >= split.beta);
        }
    }
}

#[test]
fn sign_is_xnor() {
    let split = split(Scheme::Sign, &[1.0, -2.0, 0.0, 3.0]).unwrap();
    assert_eq!((split.alpha, split.beta, split.count), (1.5, -1.5, 2));
    assert!(!split.is_upper(0.0) && !split.is_upper(-0.0));
}

#[test]
fn equal_weights_are_exact() {
    for scheme in [Scheme::Dab, Scheme::Mean] {
        for filter in [&[0.3f32][..], &[-0.7; 5], &[0.0; 3]] {
            let split = split(scheme, filter).unwrap();
            assert_eq!((split.alpha, split.beta, split.count), (filter[0], filter[0], filter.len()));
        }
    }
}

#[test]
fn a_tie_takes_the_smaller_count() {
    assert_eq!(dab(&[1.0, 0.0, -1.0]).count, 1);
}

#[test]
fn bad_filters_are_refused() {
    assert_eq!(split(Scheme::Dab, &[]), Err(SplitError::Empty));
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(split(Scheme::Sign, &[1.0, bad]), Err(SplitError::NonFinite { index: 1 }));
    }
}

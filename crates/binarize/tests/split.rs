//! Tests of the split against brute force and theory.

use dabnet_binarize::{Scheme, Split, SplitError, refine, split};
use proptest::prelude::*;

/// Short filters of many kinds: plain, with ties, far from zero, with heavy tails, bimodal.
fn filters() -> impl Strategy<Value = Vec<f32>> {
    let plain = prop::collection::vec(-2.0f32..2.0, 1..=14);
    let coarse = prop::collection::vec((-4i8..4).prop_map(f32::from), 1..=14);
    let shifted = (prop::collection::vec(-0.1f32..0.1, 1..=14), -3.0f32..3.0)
        .prop_map(|(weights, shift)| weights.iter().map(|weight| weight + shift).collect());
    let tails = prop::collection::vec((-1.0f32..1.0).prop_map(|weight| weight.powi(5)), 1..=14);
    let heaps =
        prop::collection::vec((-0.1f32..0.1, prop::bool::weighted(0.3)), 1..=14).prop_map(|weights| {
            weights.iter().map(|&(weight, far)| weight + if far { 1.0 } else { -0.4 }).collect()
        });
    prop_oneof![plain, coarse, shifted, tails, heaps]
}

/// Integers, so that sums are exact and ties are ties; long enough to be split in linear time.
fn long_filters() -> impl Strategy<Value = Vec<f32>> {
    let integer = prop_oneof![
        Just(-700i32..=700).prop_flat_map(|range| range),
        (0i32..=40).prop_map(|weight| weight * weight),
        prop_oneof![-90i32..=-60, 180i32..=240],
    ];
    prop::collection::vec(integer.prop_map(|weight| weight as f32), 96..900)
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
            prop_assert!((a.alpha - b.alpha).abs() <= 1e-6 * a.alpha.abs());
            prop_assert!((a.beta - b.beta).abs() <= 1e-6 * a.beta.abs());
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
    fn the_complement_is_the_same_split(weights in filters()) {
        let negated: Vec<f32> = weights.iter().map(|weight| -weight).collect();
        let (a, b) = (dab(&weights), dab(&negated));
        let (ours, theirs) = (a.squared_error(&weights), b.squared_error(&negated));
        prop_assert!((ours - theirs).abs() <= 1e-6 * (1.0 + ours), "{ours} {theirs}");
        // Unless two values of K fit equally well, in which case the smaller is taken.
        if a.count + b.count == weights.len() {
            prop_assert!((a.alpha + b.beta).abs() <= 1e-6 && (a.beta + b.alpha).abs() <= 1e-6);
        }
    }

    #[test]
    fn scale_and_shift_pass_through(
        weights in long_filters(),
        exponent in -8i32..8,
        shift in -500i16..500,
    ) {
        // Exact in f32, as the weights are small integers.
        let (scale, shift) = (2.0f32.powi(exponent), f32::from(shift));
        let moved: Vec<f32> = weights.iter().map(|weight| (weight + shift) * scale).collect();
        let (a, b) = (dab(&weights), dab(&moved));
        let (ours, theirs) = (a.squared_error(&weights), b.squared_error(&moved) / f64::from(scale).powi(2));
        prop_assert!((ours - theirs).abs() <= 1e-4 * (1.0 + ours), "{ours} {theirs}");
        if a.count == b.count {
            prop_assert_eq!((a.cut + shift) * scale, b.cut);
            prop_assert!((f64::from(a.alpha + shift) - f64::from(b.alpha / scale)).abs() <= 1e-3);
        }
    }

    #[test]
    fn sign_is_the_optimum_only_with_opposite_values(weights in filters().prop_filter("two", |w| w.len() > 1)) {
        let (best, sign) = (dab(&weights), split(Scheme::Sign, &weights).unwrap());
        let norm: f64 = weights.iter().map(|&weight| f64::from(weight).powi(2)).sum();
        let gap = (sign.squared_error(&weights) - best.squared_error(&weights)) / norm.max(1e-30);
        let distance = (f64::from(best.alpha) + f64::from(best.beta)).abs() / norm.sqrt().max(1e-15);
        let two_parts = (1..weights.len()).contains(&sign.count);
        if gap < 1e-12 && best.count == sign.count && two_parts {
            prop_assert!(distance < 1e-4, "{distance}");
        }
        if distance < 1e-12 && best.count == sign.count {
            prop_assert!(gap < 1e-9, "{gap}");
        }
    }

    /// With two modes equally far from zero, ±mean|W| is the optimum; with one of them moved it is not.
    #[test]
    fn sign_is_the_optimum_of_heaps_opposite_each_other(
        upper in prop::collection::vec(-8i8..8, 2..20),
        lower in prop::collection::vec(-8i8..8, 2..20),
        moved in 1u8..40,
    ) {
        let heap = |offsets: &[i8], center: f32| -> Vec<f32> {
            // Each offset and its opposite, so that the mean is the center.
            offsets.iter().flat_map(|&o| [center + f32::from(o), center - f32::from(o)]).collect()
        };
        let gap = |center: f32| {
            let weights = [heap(&upper, center), heap(&lower, -100.0)].concat();
            let sign = split(Scheme::Sign, &weights).unwrap();
            sign.relative_error(&weights) - dab(&weights).relative_error(&weights)
        };
        prop_assert!(gap(100.0).abs() < 1e-12);
        prop_assert!(gap(100.0 + f32::from(moved)) > 1e-6);
    }

    #[test]
    fn refining_any_split_ends_at_the_optimum_or_says_that_it_did_not(
        weights in long_filters(),
        alpha in -800f32..800.0,
        apart in 0f32..800.0,
    ) {
        let previous = Split { alpha, beta: alpha - apart, cut: alpha, count: 1 };
        if let Some(refined) = refine(&weights, &previous).unwrap() {
            prop_assert_eq!(refined, dab(&weights));
        }
    }

    #[test]
    fn refining_after_a_small_step_succeeds(seed in 0u64..200, n in 200usize..2000) {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_pcg::Pcg64::seed_from_u64(seed);
        let before: Vec<f32> = (0..n).map(|_| rng.sample(rand_distr::StandardNormal)).collect();
        let after: Vec<f32> = before.iter().map(|weight| weight + rng.random_range(-0.01..0.01)).collect();
        prop_assert_eq!(refine(&after, &dab(&before)).unwrap(), Some(dab(&after)));
    }

    #[test]
    fn count_is_the_size_of_the_upper_part(weights in filters()) {
        for scheme in Scheme::ALL {
            let split = split(scheme, &weights).unwrap();
            prop_assert_eq!(split.count, weights.iter().filter(|&&w| split.is_upper(w)).count());
            prop_assert!(split.alpha >= split.beta);
            prop_assert!(split.alpha.is_finite() && split.beta.is_finite());
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
        for scheme in Scheme::ALL {
            assert_eq!(split(scheme, &[1.0, bad]), Err(SplitError::NonFinite { index: 1 }));
        }
        assert_eq!(refine(&[bad], &dab(&[1.0])), Err(SplitError::NonFinite { index: 0 }));
    }
}

#[test]
fn numbers_of_any_size_are_split() {
    for scale in [f32::MAX, 1e30, f32::MIN_POSITIVE, f32::from_bits(64)] {
        let filter: Vec<f32> = (0..500).map(|i| if i % 3 == 0 { scale } else { -scale / 2.0 }).collect();
        let split = dab(&filter);
        assert_eq!((split.alpha, split.beta, split.count), (scale, -scale / 2.0, 167));
    }
}

//! Tests of moments and errors against closed forms.

use dabnet_binarize::{
    DistributionShape, FilterStatistics, Granularity, Scheme, UnknownGranularity, WeightMoments,
};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal, Uniform};
use rand_pcg::Pcg64;

fn sample<D: Distribution<f32>>(of: D) -> Vec<f32> {
    Pcg64::seed_from_u64(7).sample_iter(of).take(200_000).collect()
}

fn assert_moments(weights: &[f32], skewness: f64, kurtosis: f64, bimodality: f64, shape: DistributionShape) {
    let moments = WeightMoments::of(weights);
    assert!((moments.skewness - skewness).abs() < 0.05, "{moments:?}");
    assert!((moments.kurtosis - kurtosis).abs() < 0.05 * kurtosis, "{moments:?}");
    assert!((moments.bimodality() - bimodality).abs() < 0.02, "{}", moments.bimodality());
    assert_eq!(moments.shape(), shape);
}

#[test]
fn moments_are_those_of_the_distribution() {
    assert_moments(&sample(StandardNormal), 0.0, 3.0, 1.0 / 3.0, DistributionShape::Bell);
    assert_moments(&sample(Uniform::new(-1.0, 3.0).unwrap()), 0.0, 1.8, 5.0 / 9.0, DistributionShape::Flat);
    assert_moments(&sample(Exp1), 2.0, 9.0, 5.0 / 9.0, DistributionShape::HeavyTailed);
    assert_moments(&[1.0, 1.0, -1.0, -1.0], 0.0, 1.0, 1.0, DistributionShape::TwoHumped);
    let outlier: Vec<f32> = sample(StandardNormal)[..500].iter().copied().chain([50.0]).collect();
    assert_eq!(WeightMoments::of(&outlier).shape(), DistributionShape::HeavyTailed);
    let skewed: Vec<f32> = sample(StandardNormal).iter().map(|&x| (0.25 * x).exp()).collect();
    assert_moments(&skewed, 0.778, 4.096, 0.392, DistributionShape::Skewed);
}

#[test]
fn equal_weights_have_no_form() {
    let moments = WeightMoments::of(&[0.3; 7]);
    assert_eq!(
        (moments.kurtosis, moments.bimodality(), moments.shape()),
        (0.0, 0.0, DistributionShape::Constant)
    );
    let zeros = FilterStatistics::of(&[0.0; 7]).unwrap();
    assert!(Scheme::ALL.iter().all(|&scheme| zeros.fit(scheme).relative_error == 0.0));
}

/// Closed forms of the relative error for large `n`.
#[test]
fn errors_approach_their_closed_forms() {
    let gaussian = FilterStatistics::of(&sample(StandardNormal)).unwrap();
    for scheme in [Scheme::Dab, Scheme::Sign, Scheme::Mean] {
        let error = gaussian.fit(scheme).relative_error;
        assert!((error - (1.0 - 2.0 / std::f64::consts::PI)).abs() < 0.003, "{scheme} {error}");
    }
    let uniform = FilterStatistics::of(&sample(Uniform::new(-1.0, 1.0).unwrap())).unwrap();
    assert!((uniform.fit(Scheme::Dab).relative_error - 0.25).abs() < 0.003);
    assert!((uniform.upper_share(Scheme::Dab) - 0.5).abs() < 0.02);
    assert!(uniform.gap(Scheme::Sign).abs() < 0.003);
    // All positive: the two signs carry nothing of the form, and half the norm is one value's.
    let exponential = FilterStatistics::of(&sample(Exp1)).unwrap();
    assert!((exponential.fit(Scheme::Sign).relative_error - 0.5).abs() < 0.01);
    assert!(exponential.fit(Scheme::Dab).relative_error < 0.2);
}

#[test]
fn the_gap_is_to_the_optimum() {
    let statistics = FilterStatistics::of(&[1.0, 1.0, -3.0, 0.5]).unwrap();
    assert_eq!(statistics.gap(Scheme::Dab), 0.0);
    assert!(Scheme::ALL.iter().all(|&scheme| statistics.gap(scheme) >= 0.0));
    assert_eq!((statistics.least, statistics.greatest, statistics.count), (-3.0, 1.0, 4));
}

#[test]
fn granularity_says_which_weights_share_their_values() {
    let weights: Vec<f32> = (0..10).map(|i| i as f32).collect();
    let lens = |text: &str| -> Vec<usize> {
        let granularity: Granularity = text.parse().unwrap();
        assert_eq!(granularity.to_string(), text);
        let lens: Vec<usize> = granularity.groups(&weights, 5).map(<[f32]>::len).collect();
        assert_eq!(lens.len(), granularity.count(2, 5));
        lens
    };
    assert_eq!(lens("filter"), [5, 5]);
    assert_eq!(lens("tensor"), [10]);
    assert_eq!(lens("group:2"), [2, 2, 1, 2, 2, 1]);
    assert_eq!(lens("group:9"), [5, 5]);
    for bad in ["", "filters", "group", "group:", "group:0", "group:-1", "group:2x"] {
        assert_eq!(bad.parse::<Granularity>(), Err(UnknownGranularity));
    }
}

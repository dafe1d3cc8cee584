//! Tests of the claims in `docs/theory.md`.

use dabnet_binarize::{Scheme, Split, split};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::{
    distribution::Distribution,
    family,
    form::{Form, integral},
    limit::Limit,
};

fn error(scheme: Scheme, weights: &[f32]) -> f64 {
    split(scheme, weights).unwrap().squared_error(weights)
}

fn norm(weights: &[f32]) -> f64 {
    weights.iter().map(|&weight| f64::from(weight).powi(2)).sum()
}

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-5
}

#[test]
fn six_weights_have_two_fixed_points_and_mean_is_the_worst_of_the_three() {
    let weights = [-1.0, -1.0, 0.1, 1.0, 1.0, 1.0];
    assert!(is_near(error(Scheme::Dab, &weights), 0.6075));
    assert!(is_near(error(Scheme::Sign, &weights), 0.675));
    assert!(is_near(error(Scheme::Mean, &weights), 1.21 * 2.0 / 3.0));
    for scheme in [Scheme::Dab, Scheme::Mean] {
        let split = split(scheme, &weights).unwrap();
        let middle = (split.alpha + split.beta) / 2.0;
        assert!(weights.iter().all(|&weight| split.is_upper(weight) == (weight > middle)), "{scheme}");
    }
}

/// Filters of any kind: every weight is drawn from its own scale.
fn filters() -> impl Iterator<Item = Vec<f32>> {
    let mut rng = Pcg64::seed_from_u64(11);
    (0..2000).map(move |_| {
        let n = rng.random_range(1..80);
        let shift = rng.random_range(-1.0f32..1.0).powi(3);
        (0..n).map(|_| shift + rng.random_range(-1.0f32..1.0).powi(5)).collect()
    })
}

#[test]
fn mean_is_no_worse_than_sign_of_the_centered_filter() {
    for weights in filters() {
        let mean = weights.iter().sum::<f32>() / weights.len() as f32;
        let centered: Vec<f32> = weights.iter().map(|weight| weight - mean).collect();
        let (ours, theirs) = (error(Scheme::Mean, &weights), error(Scheme::Sign, &centered));
        assert!(ours <= theirs + 1e-5 * (1.0 + theirs), "{ours} {theirs}");
        assert!(error(Scheme::Dab, &weights) <= ours + 1e-6);
    }
}

fn harmonic(n: usize) -> f64 {
    (1..=n).map(|k| 1.0 / k as f64).sum()
}

#[test]
fn the_worst_filter_of_dab_keeps_more_than_the_bound() {
    for weights in filters() {
        let bound = 1.0 - 0.5 / harmonic(weights.len());
        assert!(error(Scheme::Dab, &weights) <= bound * norm(&weights) + 1e-6);
    }
}

#[test]
fn weights_of_every_scale_defeat_two_values_slowly() {
    let errors = [10, 1000, 100_000].map(|n| {
        let weights: Vec<f32> = (1..=n).map(|k| (k as f32).powf(-0.5)).collect();
        let relative = error(Scheme::Dab, &weights) / norm(&weights);
        assert!(relative >= 1.0 - 12.0 / harmonic(n));
        relative
    });
    assert!(errors[0] < errors[1] && errors[1] < errors[2], "{errors:?}");
}

#[test]
fn one_weight_among_zeros_is_the_worst_of_sign_and_the_best_of_dab() {
    let mut weights = [0.0f32; 50];
    weights[7] = 3.0;
    assert!(is_near(error(Scheme::Sign, &weights) / 9.0, 1.0 - 1.0 / 50.0));
    assert_eq!(error(Scheme::Dab, &weights), 0.0);
}

#[test]
fn a_shift_changes_what_sign_loses_but_not_what_dab_does() {
    let weights: Vec<f32> = (-20i16..30).map(f32::from).collect();
    let moved: Vec<f32> = weights.iter().map(|weight| weight + 17.0).collect();
    assert!(is_near(error(Scheme::Dab, &weights), error(Scheme::Dab, &moved)));
    assert!((error(Scheme::Sign, &weights) - error(Scheme::Sign, &moved)).abs() > 1.0);
}

/// A symmetric density is best cut at 0 only if `f(0) E|w| ≤ ½`.
#[test]
fn a_peak_sharper_than_that_of_laplace_moves_the_cut() {
    let bell =
        |x: f64, sd: f64| (-x * x / (2.0 * sd * sd)).exp() / (sd * (2.0 * std::f64::consts::PI).sqrt());
    for (sd, at_zero) in [(0.1, false), (0.12, false), (0.3, true), (0.5, true)] {
        let peak = Distribution::mixture(&[(0.9, Form::Normal, sd, 0.0), (0.1, Form::Normal, 1.0, 0.0)]);
        let density = |x: f64| 0.9 * bell(x, sd) + 0.1 * bell(x, 1.0);
        let magnitude = 2.0 * integral(0.0, 12.0, 20_000, |x| x * density(x));
        let share = Limit::of(&peak).upper_share;
        assert_eq!(density(0.0) * magnitude <= 0.5, at_zero, "{sd}: {}", density(0.0) * magnitude);
        assert_eq!((share - 0.5).abs() < 1e-3, at_zero, "{sd}: {share}");
    }
}

#[test]
fn centring_is_what_sign_needs_of_a_family() {
    for family in family::all() {
        let centered = Limit::of(&family.distribution.clone().with_mean(0.0));
        let variance = |d: &Distribution| d.second() - d.mean().powi(2);
        let absolute = Limit::of(&family.distribution).error(Scheme::Dab) * family.distribution.second();
        let expected = centered.error(Scheme::Dab) * variance(&family.distribution);
        assert!((absolute - expected).abs() < 1e-9, "{}", family.name);
        assert!(centered.error(Scheme::Mean) <= centered.error(Scheme::Sign) + 1e-12, "{}", family.name);
    }
}

/// `⟨a, W̃⟩ = (α − β)/2 ⟨a, s⟩ + (α + β)/2 Σa`.
#[test]
fn two_values_need_a_popcount_and_a_sum() {
    let weights = [0.7, -0.2, 0.1, 0.9, -0.6];
    let a = [1.0, -1.0, 0.0, -1.0, 1.0];
    let dab = split(Scheme::Dab, &weights).unwrap();
    let Split { alpha, beta, .. } = dab;
    let direct: f32 = a.iter().zip(weights).map(|(a, w)| a * dab.value(w)).sum();
    let signs: f32 = a.iter().zip(weights).map(|(a, w)| if dab.is_upper(w) { *a } else { -a }).sum();
    let sum: f32 = a.iter().sum();
    assert!((direct - (alpha - beta) / 2.0 * signs - (alpha + beta) / 2.0 * sum).abs() < 1e-6);
}

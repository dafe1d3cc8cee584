//! Tests of the published code's mistakes, each on its own and together.
//!
//! [`PublishedMistakes`] is a second, slow way to split, with a switch for every mistake. With none it has to
//! agree with `dab`, with all with `dab-published`; so each switch is that mistake and no other.

use dabnet_binarize::{Scheme, Split, split};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rand_pcg::Pcg64;

/// Selection of mistakes.
#[derive(Clone, Copy, Default)]
struct PublishedMistakes {
    /// The second term of the objective is divided by `n − K + 1`.
    divisor: bool,
    /// The pass that stops later is taken, not the one that gains more.
    longer_pass: bool,
    /// The weight at the threshold of the descending pass is left out.
    strict: bool,
    /// `α` and `β` are means of magnitudes with signs forced on them.
    magnitudes: bool,
}

const ALL: PublishedMistakes =
    PublishedMistakes { divisor: true, longer_pass: true, strict: true, magnitudes: true };

impl PublishedMistakes {
    /// Upper part and the two values.
    fn split(self, weights: &[f32]) -> (Vec<bool>, f64, f64) {
        let mut ascending: Vec<f64> = weights.iter().map(|&weight| f64::from(weight)).collect();
        ascending.sort_by(f64::total_cmp);
        let descending: Vec<f64> = ascending.iter().rev().copied().collect();
        let (from_top, from_bottom) = (self.pass(&descending), self.pass(&ascending));
        let top = if self.longer_pass { from_top.0 >= from_bottom.0 } else { from_top.1 >= from_bottom.1 };
        let is_upper = |weight: f64| match top {
            true if self.strict => weight > descending[from_top.0],
            true => weight >= descending[from_top.0],
            false => weight > ascending[from_bottom.0],
        };
        let upper: Vec<bool> = weights.iter().map(|&weight| is_upper(weight.into())).collect();
        let value = |side: bool| {
            let side: Vec<f64> =
                weights.iter().zip(&upper).filter(|(_, u)| **u == side).map(|(&w, _)| w.into()).collect();
            let of = |w: f64| if self.magnitudes { w.abs() } else { w };
            side.iter().map(|&w| of(w)).sum::<f64>() / side.len().max(1) as f64
        };
        let (alpha, beta) = (value(true), value(false));
        (upper, alpha, if self.magnitudes { -beta } else { beta })
    }

    /// Position at which a pass over sorted weights stops, and its gain.
    fn pass(self, sorted: &[f64]) -> (usize, f64) {
        let n = sorted.len();
        let total: f64 = sorted.iter().sum();
        let last = if self.divisor { n } else { n - 1 };
        let (mut best, mut prefix) = ((0, f64::NEG_INFINITY), 0.0);
        for count in 1..=last {
            prefix += sorted[count - 1];
            let rest = total - prefix;
            let divisor = (n - count) as f64 + if self.divisor { 1.0 } else { 0.0 };
            let gain = prefix * prefix / count as f64 + rest * rest / divisor;
            if gain > best.1 {
                best = (count - 1, gain);
            }
        }
        best
    }

    fn relative_error(self, weights: &[f32]) -> f64 {
        let (upper, alpha, beta) = self.split(weights);
        let square = |x: f64| x * x;
        let pairs = weights.iter().zip(upper);
        let error: f64 = pairs.map(|(&w, u)| square(f64::from(w) - if u { alpha } else { beta })).sum();
        error / weights.iter().map(|&weight| square(weight.into())).sum::<f64>()
    }
}

fn error(scheme: Scheme, weights: &[f32]) -> f64 {
    split(scheme, weights).unwrap().relative_error(weights)
}

proptest! {
    #[test]
    fn with_every_mistake_it_is_the_published_code(weights in prop::collection::vec(-2.0f32..2.0, 2..40)) {
        let Split { alpha, beta, count, .. } = split(Scheme::DabPublished, &weights).unwrap();
        let (upper, a, b) = ALL.split(&weights);
        prop_assert_eq!(upper.iter().filter(|upper| **upper).count(), count);
        prop_assert!((a - f64::from(alpha)).abs() < 1e-6 && (b - f64::from(beta)).abs() < 1e-6);
    }

    #[test]
    fn without_mistakes_it_is_the_optimum(weights in prop::collection::vec(-2.0f32..2.0, 2..40)) {
        let expected = PublishedMistakes::default().relative_error(&weights);
        prop_assert!((error(Scheme::Dab, &weights) - expected).abs() < 1e-6);
    }
}

/// Relative errors of one filter: the optimum, with some mistakes, and as published.
fn assert_errors(filter: &[f32], optimum: f64, mistakes: PublishedMistakes, with_mistakes: f64) {
    let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
    assert!(close(error(Scheme::Dab, filter), optimum), "optimum {}", error(Scheme::Dab, filter));
    let wrong = mistakes.relative_error(filter);
    assert!(close(wrong, with_mistakes), "with mistakes {wrong}");
    let published = split(Scheme::DabPublished, filter).unwrap();
    assert_ne!(published, split(Scheme::Dab, filter).unwrap());
    assert!(error(Scheme::DabPublished, filter) > optimum + 0.01);
}

#[test]
fn the_divisor_moves_the_threshold() {
    // One value is taken for both weights.
    assert_errors(
        &[-2.0, -4.0],
        0.0,
        PublishedMistakes { divisor: true, ..PublishedMistakes::default() },
        0.1,
    );
}

#[test]
fn the_longer_pass_is_the_worse_one() {
    // By the right objective both passes gain the same: it takes the wrong one to tell them apart.
    let divisor = PublishedMistakes { divisor: true, ..PublishedMistakes::default() };
    assert_errors(&[5.0, 1.0, 1.0], 0.0, divisor, 0.0);
    assert_errors(&[5.0, 1.0, 1.0], 0.0, PublishedMistakes { longer_pass: true, ..divisor }, 32.0 / 81.0);
}

#[test]
fn a_strict_comparison_drops_the_weight_at_the_threshold() {
    assert_errors(&[2.0, -2.0], 0.0, PublishedMistakes { strict: true, ..PublishedMistakes::default() }, 1.0);
}

#[test]
fn magnitudes_have_the_wrong_sign_where_the_threshold_is_not_zero() {
    assert_errors(
        &[-4.0, -5.0],
        0.0,
        PublishedMistakes { magnitudes: true, ..PublishedMistakes::default() },
        64.0 / 41.0,
    );
}

/// Mean relative errors over filters, published and optimal.
fn mean_errors(count: usize, n: usize, mut weight: impl FnMut(&mut Pcg64) -> f32) -> (f64, f64) {
    let mut rng = Pcg64::seed_from_u64(0);
    let (mut published, mut optimum) = (0.0, 0.0);
    for _ in 0..count {
        let filter: Vec<f32> = (0..n).map(|_| weight(&mut rng)).collect();
        published += error(Scheme::DabPublished, &filter);
        optimum += error(Scheme::Dab, &filter);
    }
    (published / count as f64, optimum / count as f64)
}

/// 0.319 and 0.226 were measured of the published code; filters of 9 vary by 0.16 among themselves.
#[test]
fn short_gaussian_filters_lose_as_measured() {
    let (published, optimum) = mean_errors(20_000, 9, |rng| rng.sample(StandardNormal));
    assert!((published - 0.319).abs() < 0.012, "{published}");
    assert!((optimum - 0.226).abs() < 0.002, "{optimum}");
}

/// 0.959 and 0.125 were measured on a mixture of 13 % and 87 %. Its means and spreads are not on
/// record; these give the same.
#[test]
fn an_uncentered_mixture_is_lost_as_measured() {
    let (published, optimum) = mean_errors(100, 2304, |rng| {
        let mean = if rng.random_bool(0.13) { 1.0 } else { 0.213 };
        mean + 0.158 * rng.sample::<f32, _>(StandardNormal)
    });
    assert!((published - 0.959).abs() < 0.015, "{published}");
    assert!((optimum - 0.125).abs() < 0.005, "{optimum}");
}

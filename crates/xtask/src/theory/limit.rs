//! Relative squared errors as filters grow without end.

use dabnet_binarize::Scheme;

use super::{distribution::Distribution, form::Upper};

/// Relative errors of two values for a distribution, in the limit of long filters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    errors: [f64; Scheme::ALL.len()],
    /// `K/n` of the optimum.
    pub upper_share: f64,
}

impl Limit {
    pub(super) fn of(distribution: &Distribution) -> Self {
        let scene = Scene::of(distribution);
        let cut = scene.best_cut();
        let errors = Scheme::ALL.map(|scheme| {
            scene.relative(match scheme {
                Scheme::Dab => scene.gain(cut),
                Scheme::Sign => scene.mean_magnitude().powi(2),
                Scheme::Mean => scene.gain(scene.mean),
                Scheme::DabPublished => scene.published_gain(cut),
            })
        });
        Self { errors, upper_share: distribution.upper(cut).mass }
    }

    pub(super) fn error(&self, scheme: Scheme) -> f64 {
        self.errors[scheme as usize]
    }
}

/// Number of steps in which the optimum is searched before it is refined.
const STEPS: usize = 4000;

/// Distance from the mean that is searched, in standard deviations.
const REACH: f64 = 10.0;

struct Scene<'a> {
    distribution: &'a Distribution,
    mean: f64,
    second: f64,
}

impl<'a> Scene<'a> {
    fn of(distribution: &'a Distribution) -> Self {
        Self { distribution, mean: distribution.mean(), second: distribution.second() }
    }

    fn relative(&self, gain: f64) -> f64 {
        1.0 - gain / self.second
    }

    /// `n` times less than the gain of the filter: the mean of `w²` that two means carry.
    fn gain(&self, cut: f64) -> f64 {
        let Upper { mass, first } = self.distribution.upper(cut);
        let parts = mass * (1.0 - mass);
        let between = first - mass * self.mean;
        self.mean * self.mean + if parts > 1e-12 { between * between / parts } else { 0.0 }
    }

    fn mean_magnitude(&self) -> f64 {
        2.0 * self.distribution.upper(0.0).first - self.mean
    }

    /// The published passes end at the optimum when one weight no longer counts. What is left of
    /// the mistakes is that the values are `±` means of magnitudes.
    fn published_gain(&self, cut: f64) -> f64 {
        let Upper { mass, first } = self.distribution.upper(cut);
        let positive = self.distribution.upper(0.0).first;
        let magnitudes = if cut < 0.0 { 2.0 * positive - first } else { first };
        let (alpha, beta) = (magnitudes / mass, -(self.mean_magnitude() - magnitudes) / (1.0 - mass));
        let carried = |value: f64, first: f64, mass: f64| 2.0 * value * first - value * value * mass;
        carried(alpha, first, mass) + carried(beta, self.mean - first, 1.0 - mass)
    }

    fn best_cut(&self) -> f64 {
        let deviation = (self.second - self.mean * self.mean).sqrt();
        let step = 2.0 * REACH * deviation / STEPS as f64;
        let grid = (0..=STEPS).map(|index| self.mean - REACH * deviation + step * index as f64);
        let around_atoms = self.distribution.atoms().flat_map(|atom| [atom, atom.next_down()]);
        let coarse = self.better(grid.chain(around_atoms));
        let fine = self.climb(coarse - step, coarse + step);
        self.better([coarse, fine])
    }

    fn better(&self, cuts: impl IntoIterator<Item = f64>) -> f64 {
        let gains = cuts.into_iter().map(|cut| (self.gain(cut), cut));
        gains.fold((f64::NEG_INFINITY, 0.0), |best, this| if this.0 > best.0 { this } else { best }).1
    }

    /// The top of a hill between two cuts, in thirds.
    fn climb(&self, mut low: f64, mut high: f64) -> f64 {
        for _ in 0..80 {
            let third = (high - low) / 3.0;
            if self.gain(low + third) < self.gain(high - third) {
                low += third;
            } else {
                high -= third;
            }
        }
        (low + high) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::form::{Form, integral};
    use std::f64::consts::{E, PI};

    fn assert_errors(distribution: Distribution, dab: f64, sign: f64, mean: f64) {
        let limit = Limit::of(&distribution);
        for (scheme, expected) in [(Scheme::Dab, dab), (Scheme::Sign, sign), (Scheme::Mean, mean)] {
            let error = limit.error(scheme);
            assert!((error - expected).abs() < 1e-9, "{distribution:?} {scheme}: {error} for {expected}");
        }
    }

    #[test]
    fn symmetric_forms_have_their_closed_forms() {
        let same = |form, error| assert_errors(Distribution::of(form), error, error, error);
        same(Form::Normal, 1.0 - 2.0 / PI);
        same(Form::Uniform, 0.25);
        same(Form::Laplace, 0.5);
        same(Form::StudentT3, 1.0 - 4.0 / (PI * PI));
    }

    /// The best cut of an exponential is the root of `t = 2(1 − exp(−t))`, and `(t − 1)²` of the
    /// variance is left.
    #[test]
    fn the_exponential_has_its_closed_form() {
        let root = (0..200).fold(1.5, |t: f64, _| 2.0 * (1.0 - (-t).exp()));
        let raw = Distribution::of(Form::Exponential);
        assert_errors(raw.clone(), (root - 1.0).powi(2) / 2.0, 0.5, (1.0 - 1.0 / (E - 1.0)) / 2.0);
        assert!((Limit::of(&raw).upper_share - (1.0 - root / 2.0)).abs() < 1e-6);
        let centered = raw.with_mean(0.0);
        assert_errors(centered, (root - 1.0).powi(2), 1.0 - 4.0 / (E * E), 1.0 - 1.0 / (E - 1.0));
    }

    /// Two even heaps, `2a` apart: a folded Gaussian's mean over its second moment.
    #[test]
    fn even_heaps_have_their_closed_form() {
        for a in [0.0f64, 0.5, 1.0, 2.0, 4.0] {
            let folded = (2.0 / PI).sqrt() * (-a * a / 2.0).exp() + a * libm::erf(a / 2f64.sqrt());
            let error = 1.0 - folded * folded / (1.0 + a * a);
            assert_errors(Distribution::heaps(0.5, 2.0 * a).with_mean(0.0), error, error, error);
        }
    }

    #[test]
    fn the_optimum_of_a_mixture_is_that_of_its_integral_and_cuts_at_the_midpoint() {
        for (share, separation) in [(0.1, 2.0), (0.2, 4.0), (0.35, 6.0)] {
            let heaps = Distribution::heaps(share, separation);
            let scene = Scene::of(&heaps);
            let cut = scene.best_cut();
            let Upper { mass, first } = heaps.upper(cut);
            let (alpha, beta) = (first / mass, (scene.mean - first) / (1.0 - mass));
            assert!((cut - (alpha + beta) / 2.0).abs() < 1e-5, "{cut} {alpha} {beta}");
            let bell = |x: f64| (-x * x / 2.0).exp() / (2.0 * PI).sqrt();
            let density = |x: f64| share * bell(x - separation) + (1.0 - share) * bell(x);
            let error = integral(-12.0, cut, 20_000, |x| density(x) * (x - beta).powi(2))
                + integral(cut, 20.0, 20_000, |x| density(x) * (x - alpha).powi(2));
            let expected = error / scene.second;
            assert!((Limit::of(&heaps).error(Scheme::Dab) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn two_values_are_exact_on_two_atoms() {
        let one_in_ten = Distribution::mixture(&[(0.9, Form::Zero, 1.0, 0.0), (0.1, Form::Zero, 1.0, 2.0)]);
        let limit = Limit::of(&one_in_ten);
        assert!(limit.error(Scheme::Dab).abs() < 1e-12 && (limit.upper_share - 0.1).abs() < 1e-12);
        assert!((limit.error(Scheme::Sign) - 0.9).abs() < 1e-12);
    }

    #[test]
    fn no_scheme_is_below_the_optimum() {
        for family in crate::theory::family::all() {
            let limit = Limit::of(&family.distribution);
            for scheme in Scheme::ALL {
                assert!(limit.error(scheme) >= limit.error(Scheme::Dab) - 1e-12, "{} {scheme}", family.name);
            }
        }
    }
}

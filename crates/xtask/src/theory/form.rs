//! Standard forms of a density, with what a threshold needs to know of them.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp1, SkewNormal, StandardNormal, StudentT};

/// A density in its standard place and scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// All mass at 0.
    Zero,
    /// Mean 0, variance 1.
    Normal,
    /// On −1 to 1.
    Uniform,
    /// `exp(−|x|)/2`.
    Laplace,
    /// `exp(−x)` on `x ≥ 0`.
    Exponential,
    /// The exponential of a Gaussian of mean 0 and this standard deviation.
    LogNormal(f64),
    /// Student's t with 3 degrees of freedom: the variance is finite, the kurtosis is not.
    StudentT3,
    /// `2φ(x)Φ(shape·x)`.
    SkewNormal(f64),
}

/// Mass and moment above a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Upper {
    /// Its probability.
    pub mass: f64,
    /// The integral of `x` over it.
    pub first: f64,
}

impl Form {
    pub(super) fn mean(self) -> f64 {
        match self {
            Self::Zero | Self::Normal | Self::Uniform | Self::Laplace | Self::StudentT3 => 0.0,
            Self::Exponential => 1.0,
            Self::LogNormal(sigma) => (sigma * sigma / 2.0).exp(),
            Self::SkewNormal(shape) => delta(shape) * (2.0 / PI).sqrt(),
        }
    }

    /// The mean of `x²`.
    pub(super) fn second(self) -> f64 {
        match self {
            Self::Zero => 0.0,
            Self::Normal | Self::SkewNormal(_) => 1.0,
            Self::Uniform => 1.0 / 3.0,
            Self::Laplace | Self::Exponential => 2.0,
            Self::LogNormal(sigma) => (2.0 * sigma * sigma).exp(),
            Self::StudentT3 => 3.0,
        }
    }

    /// Mass and moment strictly above `x`.
    pub(super) fn upper(self, x: f64) -> Upper {
        match self {
            Self::Zero => Upper { mass: if x < 0.0 { 1.0 } else { 0.0 }, first: 0.0 },
            Self::Normal => Upper { mass: normal_tail(x), first: normal_density(x) },
            Self::Uniform => {
                let x = x.clamp(-1.0, 1.0);
                Upper { mass: (1.0 - x) / 2.0, first: (1.0 - x * x) / 4.0 }
            }
            Self::Laplace => {
                let tail = (-x.abs()).exp() / 2.0;
                Upper { mass: if x < 0.0 { 1.0 - tail } else { tail }, first: (1.0 + x.abs()) * tail }
            }
            Self::Exponential => {
                let x = x.max(0.0);
                Upper { mass: (-x).exp(), first: (x + 1.0) * (-x).exp() }
            }
            Self::LogNormal(sigma) => {
                // The logarithm of zero is minus infinity, above which everything lies.
                let x = x.max(0.0).ln() / sigma;
                Upper { mass: normal_tail(x), first: self.mean() * normal_tail(x - sigma) }
            }
            Self::StudentT3 => {
                let (ratio, bell) = (x / 3f64.sqrt(), 1.0 + x * x / 3.0);
                let mass = 0.5 - (ratio / bell + ratio.atan()) / PI;
                Upper { mass, first: 3f64.sqrt() / (PI * bell) }
            }
            Self::SkewNormal(shape) => Upper {
                mass: normal_tail(x) + 2.0 * owen_t(x, shape),
                first: 2.0 * normal_density(x) * normal_tail(-shape * x)
                    + self.mean() * normal_tail(x * (1.0 + shape * shape).sqrt()),
            },
        }
    }

    pub(super) fn sample(self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Zero => 0.0,
            Self::Normal => rng.sample(StandardNormal),
            Self::Uniform => rng.random_range(-1.0..1.0),
            Self::Laplace => {
                let magnitude: f64 = rng.sample(Exp1);
                if rng.random() { magnitude } else { -magnitude }
            }
            Self::Exponential => rng.sample(Exp1),
            Self::LogNormal(sigma) => (sigma * rng.sample::<f64, _>(StandardNormal)).exp(),
            Self::StudentT3 => StudentT::new(3.0).expect("3 is positive").sample(rng),
            Self::SkewNormal(shape) => {
                SkewNormal::new(0.0, 1.0, shape).expect("the scale is positive").sample(rng)
            }
        }
    }
}

fn delta(shape: f64) -> f64 {
    shape / (1.0 + shape * shape).sqrt()
}

fn normal_density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * PI).sqrt()
}

/// The probability of a Gaussian above `x`.
fn normal_tail(x: f64) -> f64 {
    libm::erfc(x * FRAC_1_SQRT_2) / 2.0
}

/// Owen's T function, `∫ exp(−h²/(2cos²θ)) dθ / 2π` from 0 to `atan(a)`.
fn owen_t(h: f64, a: f64) -> f64 {
    integral(0.0, a.atan(), 200, |angle| (-h * h / (2.0 * angle.cos().powi(2))).exp()) / (2.0 * PI)
}

/// Simpson's rule on an even number of steps.
pub(super) fn integral(from: f64, to: f64, steps: usize, of: impl Fn(f64) -> f64) -> f64 {
    let width = (to - from) / steps as f64;
    let inner: f64 =
        (1..steps).map(|step| if step % 2 == 1 { 4.0 } else { 2.0 } * of(from + width * step as f64)).sum();
    (of(from) + inner + of(to)) * width / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written from the definitions, apart from the closed forms above.
    fn density(form: Form, x: f64) -> f64 {
        match form {
            Form::Zero => unreachable!("has none"),
            Form::Normal => normal_density(x),
            Form::Uniform => 0.5 * f64::from(x.abs() <= 1.0),
            Form::Laplace => (-x.abs()).exp() / 2.0,
            Form::Exponential => (-x).exp() * f64::from(x >= 0.0),
            Form::LogNormal(sigma) if x > 0.0 => normal_density(x.ln() / sigma) / (sigma * x),
            Form::LogNormal(_) => 0.0,
            Form::StudentT3 => 2.0 / (PI * 3f64.sqrt() * (1.0 + x * x / 3.0).powi(2)),
            Form::SkewNormal(shape) => 2.0 * normal_density(x) * normal_tail(-shape * x),
        }
    }

    /// `∫ xᵖ f` above a threshold, in a variable that brings infinity near.
    fn numeric(form: Form, threshold: f64, power: i32) -> f64 {
        let end = if form == Form::Uniform { 1f64.asinh() } else { 14.0 };
        integral(threshold.asinh(), end, 200_000, |u| {
            u.sinh().powi(power) * density(form, u.sinh()) * u.cosh()
        })
    }

    const FORMS: [Form; 9] = [
        Form::Normal,
        Form::Uniform,
        Form::Laplace,
        Form::Exponential,
        Form::LogNormal(0.5),
        Form::LogNormal(1.0),
        Form::StudentT3,
        Form::SkewNormal(2.0),
        Form::SkewNormal(-20.0),
    ];

    #[test]
    fn what_lies_above_a_threshold_is_the_integral() {
        for form in FORMS {
            for threshold in [-0.9, -0.3, 0.0, 0.2, 0.8, 1.0, 2.5] {
                let upper = form.upper(threshold);
                let (mass, first) = (numeric(form, threshold, 0), numeric(form, threshold, 1));
                // A jump of the density falls between two steps.
                assert!((upper.mass - mass).abs() < 1e-4, "{form:?} {threshold} {upper:?} {mass}");
                assert!((upper.first - first).abs() < 1e-4, "{form:?} {threshold} {upper:?} {first}");
            }
        }
    }

    #[test]
    fn moments_are_integrals() {
        for form in FORMS {
            let bottom = match form {
                Form::Uniform => -1.0,
                // A jump at 0 is half a step wide to Simpson's rule.
                Form::Exponential => 0.0,
                _ => -1e5,
            };
            assert!((form.mean() - numeric(form, bottom, 1)).abs() < 1e-4, "{form:?}");
            let second = numeric(form, bottom, 2);
            assert!((form.second() - second).abs() < 1e-4 * second, "{form:?} {second}");
        }
    }
}

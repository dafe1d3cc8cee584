use rand::{Rng, RngExt};

use super::form::{Form, Upper};

/// A mixture of forms, from which the weights of a filter are drawn.
#[derive(Clone, Debug)]
pub(super) struct Distribution {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    share: f64,
    form: Form,
    scale: f64,
    shift: f64,
}

impl Distribution {
    pub(super) fn of(form: Form) -> Self {
        Self { parts: vec![Part { share: 1.0, form, scale: 1.0, shift: 0.0 }] }
    }

    /// Forms with their share, scale and shift.
    pub(super) fn mixture(parts: &[(f64, Form, f64, f64)]) -> Self {
        let part = |&(share, form, scale, shift)| Part { share, form, scale, shift };
        Self { parts: parts.iter().map(part).collect() }
    }

    /// Two Gaussian heaps of standard deviation 1: `share` of the weights at `separation`, the
    /// others at 0.
    pub(super) fn heaps(share: f64, separation: f64) -> Self {
        Self::mixture(&[(share, Form::Normal, 1.0, separation), (1.0 - share, Form::Normal, 1.0, 0.0)])
    }

    /// The same form with this mean.
    pub(super) fn with_mean(mut self, mean: f64) -> Self {
        let by = mean - self.mean();
        self.parts.iter_mut().for_each(|part| part.shift += by);
        self
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum(|part| part.shift + part.scale * part.form.mean())
    }

    /// The mean of `w²`.
    pub(super) fn second(&self) -> f64 {
        self.sum(|Part { form, scale, shift, .. }| {
            shift * shift + 2.0 * shift * scale * form.mean() + scale * scale * form.second()
        })
    }

    /// Mass and moment strictly above a threshold.
    pub(super) fn upper(&self, threshold: f64) -> Upper {
        let upper = |part: &Part| part.form.upper((threshold - part.shift) / part.scale);
        Upper {
            mass: self.sum(|part| upper(part).mass),
            first: self.sum(|part| {
                let Upper { mass, first } = upper(part);
                part.shift * mass + part.scale * first
            }),
        }
    }

    /// Points at which a share of the weights lies, without being spread.
    pub(super) fn atoms(&self) -> impl Iterator<Item = f64> {
        self.parts.iter().filter(|part| part.form == Form::Zero).map(|part| part.shift)
    }

    pub(super) fn sample(&self, rng: &mut impl Rng) -> f64 {
        let mut left: f64 = rng.random();
        let chosen = self.parts.iter().find(|part| {
            left -= part.share;
            left < 0.0
        });
        let part = chosen.unwrap_or(&self.parts[0]);
        part.shift + part.scale * part.form.sample(rng)
    }

    fn sum(&self, of: impl Fn(&Part) -> f64) -> f64 {
        self.parts.iter().map(|part| part.share * of(part)).sum()
    }
}

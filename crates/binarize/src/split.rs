use crate::{Scheme, SplitError};

/// A filter as two values: `alpha` for weights at or above `cut`, `beta` for the others.
///
/// Every scheme splits at a threshold, so `e` need not be stored to be applied again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// The value of the upper part; never below `beta`.
    pub alpha: f32,
    /// The value of the lower part.
    pub beta: f32,
    /// The least weight that belongs to the upper part.
    pub cut: f32,
    /// `K`: how many weights the upper part has.
    pub count: usize,
}

impl Split {
    /// Whether a weight belongs to the upper part, `e = 1`.
    pub fn is_upper(&self, weight: f32) -> bool {
        weight >= self.cut
    }

    /// The value that stands for a weight: `α` where `e = 1`, `β` elsewhere.
    pub fn value(&self, weight: f32) -> f32 {
        if self.is_upper(weight) { self.alpha } else { self.beta }
    }

    /// `‖W − W̃‖²`.
    pub fn squared_error(&self, weights: &[f32]) -> f64 {
        weights.iter().map(|&w| (f64::from(w) - f64::from(self.value(w))).powi(2)).sum()
    }
}

/// Splits a filter of `n` weights by `scheme`.
///
/// A filter whose weights are all equal, one of a single weight among them, is represented
/// exactly by `dab` and `mean`: both values are that weight and `K = n`. Equal weights are never
/// separated. Where two values of `K` fit equally well, `dab` takes the smaller.
///
/// # Errors
/// [`SplitError`] for an empty filter, and for a weight that is NaN or infinite.
pub fn split(scheme: Scheme, weights: &[f32]) -> Result<Split, SplitError> {
    if weights.is_empty() {
        return Err(SplitError::Empty);
    }
    if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
        return Err(SplitError::NonFinite { index });
    }
    Ok(match scheme {
        Scheme::Dab => optimum(weights),
        Scheme::Sign => sign(weights),
        Scheme::Mean => mean(weights),
    })
}

fn optimum(weights: &[f32]) -> Split {
    let mut sorted = weights.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let n = sorted.len();
    let total = sum(weights);

    let (mut best_gain, mut best_count, mut best_prefix) = (f64::NEG_INFINITY, n, total);
    let mut prefix = 0.0;
    for count in 1..n {
        prefix += f64::from(sorted[count - 1]);
        if sorted[count - 1] == sorted[count] {
            continue;
        }
        let rest = total - prefix;
        let gain = prefix * prefix / count as f64 + rest * rest / (n - count) as f64;
        if gain > best_gain {
            (best_gain, best_count, best_prefix) = (gain, count, prefix);
        }
    }
    if best_count == n {
        return constant(sorted[0], n);
    }
    Split {
        alpha: (best_prefix / best_count as f64) as f32,
        beta: ((total - best_prefix) / (n - best_count) as f64) as f32,
        cut: sorted[best_count - 1],
        count: best_count,
    }
}

fn sign(weights: &[f32]) -> Split {
    let magnitude = weights.iter().map(|weight| f64::from(weight.abs())).sum::<f64>() / weights.len() as f64;
    // The least positive number: at or above it means above zero.
    let cut = f32::from_bits(1);
    let count = weights.iter().filter(|&&weight| weight >= cut).count();
    Split { alpha: magnitude as f32, beta: -magnitude as f32, cut, count }
}

fn mean(weights: &[f32]) -> Split {
    let n = weights.len();
    let total = sum(weights);
    let cut = above(total / n as f64);
    let count = weights.iter().filter(|&&weight| weight >= cut).count();
    if count == 0 {
        return constant(weights[0], n);
    }
    let upper: f64 = weights.iter().filter(|&&weight| weight >= cut).map(|&weight| f64::from(weight)).sum();
    Split {
        alpha: (upper / count as f64) as f32,
        beta: ((total - upper) / (n - count) as f64) as f32,
        cut,
        count,
    }
}

fn constant(value: f32, n: usize) -> Split {
    Split { alpha: value, beta: value, cut: value, count: n }
}

fn sum(weights: &[f32]) -> f64 {
    weights.iter().map(|&weight| f64::from(weight)).sum()
}

/// The least `f32` strictly above `bound`.
fn above(bound: f64) -> f32 {
    let rounded = bound as f32;
    if f64::from(rounded) > bound { rounded } else { rounded.next_up() }
}

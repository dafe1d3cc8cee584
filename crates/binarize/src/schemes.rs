use crate::{
    Scheme, Split, SplitError, optimum, published,
    split::{SplitSides, check},
};

/// Splits a filter of `n` weights by `scheme`: `O(n)` for `sign` and `mean`, and for `dab` where that
/// proves the optimum; else `O(n log n)`.
///
/// A filter whose weights are all equal, one of a single weight among them, is represented
/// exactly by `dab` and `mean`: both values are that weight and `K = n`. Equal weights are never
/// separated. Where two values of `K` fit equally well, `dab` takes the smaller. Sums are in
/// `f64`, so "equally well" means to the rounding of those.
///
/// # Errors
/// [`SplitError`] for an empty filter, and for a weight that is NaN or infinite.
pub fn split(scheme: Scheme, weights: &[f32]) -> Result<Split, SplitError> {
    check(weights)?;
    Ok(match scheme {
        Scheme::Dab => optimum::fastest(weights),
        Scheme::Sign => sign(weights),
        Scheme::Mean => mean(weights),
        Scheme::DabPublished => published::split(weights),
    })
}

fn sign(weights: &[f32]) -> Split {
    // The least positive number: at or above it means above zero.
    let cut = f32::from_bits(1);
    let SplitSides { count, upper, lower } = SplitSides::new(weights, cut);
    let magnitude = ((upper - lower) / weights.len() as f64) as f32;
    Split { alpha: magnitude, beta: -magnitude, cut, count }
}

fn mean(weights: &[f32]) -> Split {
    let total = SplitSides::new(weights, f32::NEG_INFINITY).upper;
    let cut = above(total / weights.len() as f64);
    if weights.iter().any(|&weight| weight >= cut) {
        Split::at(cut, weights)
    } else {
        Split::constant(weights)
    }
}

/// The least `f32` strictly above `bound`.
fn above(bound: f64) -> f32 {
    let rounded = bound as f32;
    if f64::from(rounded) > bound { rounded } else { rounded.next_up() }
}

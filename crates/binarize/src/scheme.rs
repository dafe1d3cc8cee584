use core::{fmt, str::FromStr};

use crate::{
    Split, SplitError, optimum, published,
    split::{SplitSides, check},
};

/// Scheme by which a filter becomes two values.
///
/// ```
/// use dabnet_binarize::Scheme;
///
/// assert_eq!("dab".parse(), Ok(Scheme::Dab));
/// assert_eq!(Scheme::Sign.name(), "sign");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// The two values with the least squared error (DAB-Net).
    Dab,
    /// `±mean|W|`, split at zero (BWN and XNOR-Net).
    Sign,
    /// The two means on either side of the filter's mean (AdaBin).
    Mean,
    /// The scheme of the code published with the paper, for comparison only: its objective divides by
    /// `n − K + 1`, it prefers the pass that stopped later to the one that fits better, it drops an element at the
    /// threshold, and its values are `±` means of `|w|`.
    DabPublished,
}

impl Scheme {
    /// Every scheme, in the order in which help lists them.
    pub const ALL: [Self; 4] = [Self::Dab, Self::Sign, Self::Mean, Self::DabPublished];

    /// Name on the command line and in model files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dab => "dab",
            Self::Sign => "sign",
            Self::Mean => "mean",
            Self::DabPublished => "dab-published",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The name is none of [`Scheme::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownScheme;

impl fmt::Display for UnknownScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scheme is unknown: give dab, sign, mean or dab-published")
    }
}

impl core::error::Error for UnknownScheme {}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == text).ok_or(UnknownScheme)
    }
}

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

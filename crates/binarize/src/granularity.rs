use alloc::boxed::Box;
use core::{fmt, num::NonZeroUsize, str::FromStr};

/// Number of weights that share two values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Granularity {
    /// All weights of a filter, as in the paper.
    #[default]
    Filter,
    /// A fixed number of consecutive weights of a filter; its last group may be shorter.
    Group(NonZeroUsize),
    /// All weights of a tensor.
    Tensor,
}

impl Granularity {
    /// The weights that share two values, one group after the other. `weights` are filters of `n`
    /// weights each.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn groups(self, weights: &[f32], n: usize) -> Box<dyn Iterator<Item = &[f32]> + Send + '_> {
        match self {
            Self::Filter => Box::new(weights.chunks(n)),
            Self::Group(len) => Box::new(weights.chunks(n).flat_map(move |filter| filter.chunks(len.get()))),
            Self::Tensor => Box::new(core::iter::once(weights)),
        }
    }

    /// Number of splits of `filters` filters with `n` weights each.
    pub fn count(self, filters: usize, n: usize) -> usize {
        match self {
            Self::Filter => filters,
            Self::Group(len) => filters * n.div_ceil(len.get()),
            Self::Tensor => 1,
        }
    }
}

impl fmt::Display for Granularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter => f.write_str("filter"),
            Self::Group(len) => write!(f, "group:{len}"),
            Self::Tensor => f.write_str("tensor"),
        }
    }
}

/// The text names no [`Granularity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownGranularity;

impl fmt::Display for UnknownGranularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("granularity is unknown: give filter, tensor or group:N with N of 1 or more")
    }
}

impl core::error::Error for UnknownGranularity {}

impl FromStr for Granularity {
    type Err = UnknownGranularity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "filter" => Ok(Self::Filter),
            "tensor" => Ok(Self::Tensor),
            _ => text
                .strip_prefix("group:")
                .and_then(|len| len.parse().ok())
                .map(Self::Group)
                .ok_or(UnknownGranularity),
        }
    }
}

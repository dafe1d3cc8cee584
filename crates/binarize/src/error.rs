use core::fmt;

/// Error of splitting a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SplitError {
    /// The filter has no weight.
    Empty,
    /// A weight is NaN or infinite.
    NonFinite {
        /// Index of the weight in the filter.
        index: usize,
    },
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a filter without weights cannot be split"),
            Self::NonFinite { index } => write!(f, "weight {index} is NaN or infinite"),
        }
    }
}

impl core::error::Error for SplitError {}

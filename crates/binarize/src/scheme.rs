use core::{fmt, str::FromStr};

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
    /// The scheme of the code published with the paper, for comparison only: its objective divides by `n − K
    /// + 1`, it prefers the pass that stopped later to the one that fits better, it drops an element at the
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

use core::{fmt, str::FromStr};

/// How a filter becomes two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// The two values with the least squared error (DAB-Net).
    Dab,
    /// `±mean|W|`, split at zero (BWN and XNOR-Net).
    Sign,
    /// The two means on either side of the filter's mean (AdaBin).
    Mean,
}

impl Scheme {
    /// Every scheme, in the order in which help lists them.
    pub const ALL: [Self; 3] = [Self::Dab, Self::Sign, Self::Mean];

    /// What the command line and the model file call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dab => "dab",
            Self::Sign => "sign",
            Self::Mean => "mean",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is none of [`Scheme::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownScheme;

impl fmt::Display for UnknownScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scheme is unknown: give dab, sign or mean")
    }
}

impl core::error::Error for UnknownScheme {}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == text).ok_or(UnknownScheme)
    }
}

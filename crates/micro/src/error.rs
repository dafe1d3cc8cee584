use core::{error::Error, fmt};

/// Error of loading or running an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// The words are not an image.
    NotAnImage,
    /// The image is of another version of the format.
    Version {
        /// Version of the image.
        found: u32,
    },
    /// The image's content does not match its checksum.
    Checksum,
    /// The image contradicts itself: whatever wrote it is at fault.
    Damaged,
    /// A slice that was given is too short.
    TooShort {
        /// Name of the argument.
        what: &'static str,
        /// Elements that it needs.
        needed: usize,
    },
    /// The model looks at pictures in another way than as ink of lines, which drawing on the device cannot give.
    NoLines,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage => f.write_str("not an image: give what `dabnet export --form firmware` wrote"),
            Self::Version { found } => {
                write!(f, "the image has version {found}: export it with the dabnet of this crate")
            }
            Self::Checksum => {
                f.write_str("the image does not match its checksum: write it to the device again")
            }
            Self::Damaged => f.write_str("the image contradicts itself: export it again"),
            Self::TooShort { what, needed } => write!(f, "'{what}' is too short: it needs {needed} elements"),
            Self::NoLines => {
                f.write_str("this model does not see ink of lines alone: give it ink drawn elsewhere")
            }
        }
    }
}

impl Error for ImageError {}

use std::{io, path::PathBuf};

use dabnet_binarize::SplitError;
use thiserror::Error;

/// Errors of reading, binarizing and writing weights.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// A file that cannot be opened or read.
    #[error("cannot read '{}'", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write '{}'", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file beside the output that is there already.
    #[error("'{}' is there already: give another folder, or --force to replace it", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// A file that is damaged, cut short or of another format.
    #[error("'{}' {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A tensor that cannot be binarized.
    #[error("tensor '{tensor}', filter {filter}: {}", explain(*element, reason))]
    Split {
        /// The tensor.
        tensor: String,
        /// The filter in the tensor, from 0.
        filter: usize,
        /// Index of the invalid weight within the filter, if one is.
        element: Option<usize>,
        /// The reason.
        reason: SplitError,
    },
    /// A pattern of tensor names that is invalid or matches no tensor.
    #[error("pattern '{pattern}' {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The reason.
        reason: String,
    },
    /// A file without a tensor to binarize.
    #[error("'{}' has no tensor to binarize: {reason}", path.display())]
    Nothing {
        /// The file.
        path: PathBuf,
        /// The reason, and the remedy.
        reason: String,
    },
    /// The output would replace the input.
    #[error("'{}' is a file that is read, and what is binarized cannot be undone: write to another folder", path.display())]
    SameFile {
        /// The file.
        path: PathBuf,
    },
}

fn explain(element: Option<usize>, source: &SplitError) -> String {
    match element {
        Some(element) => format!("weight {element} is NaN or infinite"),
        None => source.to_string(),
    }
}

use std::{io, path::PathBuf};

use dabnet_binarize::SplitError;

/// Why a table or figure was not written.
#[derive(Debug, thiserror::Error)]
pub enum XtaskError {
    #[error("{path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("a sampled filter has no split: {0}")]
    Split(#[from] SplitError),
}

use std::{io, path::PathBuf};

use dabnet_engine::EngineError;
use thiserror::Error;

/// Why a network cannot be imported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the file system says.
        source: io::Error,
    },
    /// A file is no ONNX model, or a damaged one.
    #[error("{} is no ONNX model, or damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A node does what networks here do not.
    #[error("node '{node}' ({op}): {reason}")]
    Node {
        /// Its name, or that of its output.
        node: String,
        /// Its op.
        op: String,
        /// What of it.
        reason: String,
    },
    /// The input or the output of the network is not one of a recogniser of sketches.
    #[error("{0}")]
    Interface(String),
    /// What it would become is not a valid model.
    #[error("what it becomes is not a valid model: {0}")]
    Model(#[from] EngineError),
}

impl ImportError {
    /// A refusal of the input or the output.
    pub(crate) fn interface(reason: impl AsRef<str>) -> Self {
        Self::Interface(one_line(reason.as_ref()))
    }
}

/// The longest text that is shown; names in files can be of any length.
const MAX_SHOWN: usize = 400;

/// What came out of a file as a part of one line.
pub(crate) fn one_line(text: &str) -> String {
    let shown = text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char });
    shown.take(MAX_SHOWN).collect()
}

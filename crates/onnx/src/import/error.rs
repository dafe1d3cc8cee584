use std::{io, path::PathBuf};

use dabnet_engine::EngineError;
use thiserror::Error;

/// Errors of importing a network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file is no ONNX model, or a damaged one.
    #[error("{} is no ONNX model, or damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A node does what networks here do not.
    #[error("node '{node}' ({op}): {reason}")]
    Node {
        /// Name of the node, or of its output.
        node: String,
        /// Op of the node.
        op: String,
        /// The reason.
        reason: String,
    },
    /// Input or output of the network are not those of a sketch classifier.
    #[error("{0}")]
    Interface(String),
    /// The resulting model is not valid.
    #[error("what it becomes is not a valid model: {0}")]
    Model(#[from] EngineError),
}

impl ImportError {
    /// Error of the network's input or output.
    pub(crate) fn interface(reason: impl AsRef<str>) -> Self {
        Self::Interface(one_line(reason.as_ref()))
    }
}

/// Upper bound of shown text, in characters: names in files can have any length.
const MAX_SHOWN: usize = 400;

/// Formats text from a file as part of a single line.
pub(crate) fn one_line(text: &str) -> String {
    let shown = text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char });
    shown.take(MAX_SHOWN).collect()
}

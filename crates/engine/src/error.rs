use std::{io, path::PathBuf};
use thiserror::Error;

/// Error of reading, writing, compiling or running a packed model.
///
/// The text of a variant includes its cause, so none is reported by [`source`](std::error::Error::source)
/// again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A model file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Cause given by the file system.
        error: io::Error,
    },
    /// A model file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Cause given by the file system.
        error: io::Error,
    },
    /// A model file is not valid.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// First defect found in it.
        error: Box<EngineError>,
    },
    /// A size exceeds a limit of this engine.
    #[error("{what} takes {bytes} bytes, more than the limit of {limit}; use a smaller model")]
    TooLarge {
        /// Description of the thing that is too large.
        what: &'static str,
        /// Its size, in bytes.
        bytes: u64,
        /// Largest size accepted, in bytes.
        limit: u64,
    },
    /// The bytes are not a safetensors file.
    #[error("not a safetensors file ({0}); give a model that dabnet packed")]
    Container(String),
    /// A field of a packed model, or of its file, is invalid.
    #[error("model field '{field}': {reason}")]
    Field {
        /// Name of the metadata entry, tensor or node.
        field: String,
        /// Description of the defect and, where it is not obvious, of the remedy.
        reason: String,
    },
    /// The content of a file does not match its checksum.
    #[error("model field 'checksum': the file says {stored}, its content gives {computed}; fetch it again")]
    Checksum {
        /// Checksum stored in the file.
        stored: String,
        /// Checksum of the content.
        computed: String,
    },
    /// The canvas has the wrong number of values.
    #[error("the canvas has {found} values; this model takes {expected} (channels × height × width)")]
    Input {
        /// Number of values given.
        found: usize,
        /// Number of values expected.
        expected: usize,
    },
    /// A layer is of a kind that firmware does not run.
    #[error("layer '{layer}' is not for firmware: {reason}")]
    Firmware {
        /// Name of the layer.
        layer: String,
        /// The limit that it exceeds.
        reason: String,
    },
    /// The network has no vector of reals before its last layer.
    #[error("this network has no embedding: its last layer is no dense one on reals")]
    NoEmbedding,
    /// The requested number of threads is not available.
    #[error("cannot run on {count} threads: {reason}")]
    Threads {
        /// Number of threads requested.
        count: usize,
        /// Cause.
        reason: String,
    },
    /// An instruction set is unknown or not supported by this machine.
    #[error("instruction set '{name}' is unknown or not supported here; this machine supports {supported}")]
    Isa {
        /// Name that was requested.
        name: String,
        /// Names of the supported instruction sets, separated by commas.
        supported: String,
    },
}

impl EngineError {
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { field: field.into(), reason: reason.into() }
    }
}

use std::{io, path::PathBuf};
use thiserror::Error;

/// What can go wrong with a packed model or a run of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A model could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A model could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A model file was read and is not valid.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<EngineError>,
    },
    /// Something is larger than this engine accepts.
    #[error("{what} takes {bytes} bytes, more than the limit of {limit}; use a smaller model")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The largest size accepted.
        limit: u64,
    },
    /// The bytes are no safetensors file.
    #[error("not a safetensors file ({0}); give a model that dabnet packed")]
    Container(String),
    /// A field of a packed model, or of its file, is wrong.
    #[error("model field '{field}': {reason}")]
    Field {
        /// Name of the metadata entry, tensor or node.
        field: String,
        /// What is wrong and, where that is not plain, what to do.
        reason: String,
    },
    /// The content of a file is not what was written.
    #[error("model field 'checksum': the file says {stored}, its content gives {computed}; fetch it again")]
    Checksum {
        /// What the file says.
        stored: String,
        /// What its content gives.
        computed: String,
    },
    /// The canvas has the wrong number of values.
    #[error("the canvas has {found} values; this model takes {expected} (channels × height × width)")]
    Input {
        /// Values given.
        found: usize,
        /// Values needed.
        expected: usize,
    },
    /// Threads that are not to be had.
    #[error("cannot run on {count} threads: {reason}")]
    Threads {
        /// What was asked for.
        count: usize,
        /// Why not.
        reason: String,
    },
    /// An instruction set that is unknown, or that this machine lacks.
    #[error("instruction set '{name}' is unknown or not supported here; this machine supports {supported}")]
    Isa {
        /// What was asked for.
        name: String,
        /// What there is.
        supported: String,
    },
}

impl EngineError {
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { field: field.into(), reason: reason.into() }
    }
}

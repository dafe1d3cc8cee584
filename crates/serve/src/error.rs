use std::{io, net::SocketAddr, path::PathBuf};

use dabnet_engine::EngineError;
use thiserror::Error;

/// Errors of starting a server and of writing the page to a folder.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A model that cannot be read or run.
    #[error(transparent)]
    Model(#[from] EngineError),
    /// A model whose name cannot stand in an address.
    #[error(
        "a model cannot be served as '{name}': call its folder by 1 to 64 letters, digits, '-', '_' or '.', not a '.' first"
    )]
    Name {
        /// Name of the folder or file.
        name: String,
    },
    /// Two models have the same name.
    #[error("two models are called '{name}': give it once, or call one of the folders something else")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// Nothing to serve.
    #[error("there is no model to serve: give at least one")]
    NoModel,
    /// An origin that no browser would send.
    #[error("'{origin}' is no origin: give one as https://example.org, without a path")]
    Origin {
        /// The invalid origin.
        origin: String,
    },
    /// A model that says nothing of its embeddings, which icons are found by.
    #[error(
        "the model '{name}' was not calibrated, so that nothing can be found by it: dabnet calibrate does that"
    )]
    NotCalibrated {
        /// Name of the model.
        name: String,
    },
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The reason.
        source: io::Error,
    },
    /// Threads, timers or signals are not available.
    #[error("cannot start the server")]
    Start(#[source] io::Error),
    /// A folder that the page would be written over.
    #[error("{} has something else in it: give a new or an empty folder, or --force to replace it", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A folder in which another server keeps what its models are taught.
    #[error("{} is in use by another server: give each a folder of its own", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder that cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Path of the file or folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

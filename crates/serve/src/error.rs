use std::{io, net::SocketAddr, path::PathBuf};

use dabnet_engine::EngineError;
use thiserror::Error;

/// Why a server does not start, or a folder of the page is not written.
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
        /// What its folder or file is called.
        name: String,
    },
    /// Two models that would have the same address.
    #[error("two models are called '{name}': call one of the folders something else")]
    Duplicate {
        /// What both are called.
        name: String,
    },
    /// Nothing to serve.
    #[error("there is no model to serve: give at least one")]
    NoModel,
    /// An origin that no browser would send.
    #[error("'{origin}' is no origin: give one as https://example.org, without a path")]
    Origin {
        /// What was given.
        origin: String,
    },
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Threads, timers or signals that are not to be had.
    #[error("cannot start the server: {0}")]
    Start(io::Error),
    /// A folder that the page would be written over.
    #[error("{} has something else in it: give a new or an empty folder, or --force to replace it", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder that cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

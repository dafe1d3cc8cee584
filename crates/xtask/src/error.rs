use std::{io, path::PathBuf};

use dabnet_binarize::SplitError;
use dabnet_data::DataError;
use dabnet_engine::EngineError;
use dabnet_graph::GraphError;
use safetensors::SafeTensorError;

/// Why a table, a figure or a network was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XtaskError {
    #[error("{path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("the engine was not built for browsers: see above")]
    Build,
    #[error("a sampled filter has no split: {0}")]
    Split(#[from] SplitError),
    #[error("a network cannot be built: {0}")]
    Graph(#[from] GraphError),
    #[error("a network cannot be run: {0}")]
    Engine(#[from] EngineError),
    #[error("the bundled sketches cannot be read: {0}")]
    Data(#[from] DataError),
    #[error("{path}: {source}")]
    Tensors { path: PathBuf, source: SafeTensorError },
}

use std::{io, path::PathBuf};

use dabnet_binarize::SplitError;
use thiserror::Error;

use crate::Device;

/// Errors of training.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A filter cannot be split, most often because training diverged.
    #[error("layer '{layer}', filter {filter}: {source}; a lower learning rate may help")]
    Split {
        /// The convolution.
        layer: String,
        /// Index of the filter.
        filter: usize,
        /// The reason.
        source: SplitError,
    },
    /// Something is no longer a finite number.
    #[error("training diverged: {what} became {value} in epoch {epoch}; try a lower learning rate")]
    Diverged {
        /// The loss, or the tensor that holds the value.
        what: String,
        /// The value.
        value: f32,
        /// Epoch, from 1.
        epoch: usize,
    },
    /// The examples or the configuration cannot train this network.
    #[error("{0}")]
    Config(String),
    /// The checkpoint belongs to another run.
    #[error("cannot resume: {what} is {checkpoint} in the checkpoint and {run} now")]
    Mismatch {
        /// The property that differs.
        what: String,
        /// As the checkpoint has it.
        checkpoint: String,
        /// Its value in this run.
        run: String,
    },
    /// A run cannot be extended, since its learning rate schedule ends with the original number of epochs.
    #[error(
        "cannot resume: the run was begun with {begun} epochs and its learning rate comes down by then; for {now}, begin \
         another run that starts from this one"
    )]
    Longer {
        /// Epochs that the run was started with.
        begun: usize,
        /// Epochs that are asked for.
        now: usize,
    },
    /// A checkpoint makes no sense.
    #[error("'{field}' {reason}")]
    Field {
        /// The field that is wrong.
        field: String,
        /// The reason.
        reason: String,
    },
    /// A file of a run is invalid.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: Box<TrainError>,
    },
    /// A file of a run cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file of a run cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Another process trains the run.
    #[error("{path}: another process trains this run", path = path.display())]
    Busy {
        /// The folder of the run.
        path: PathBuf,
    },
    /// An example cannot be read.
    #[error(transparent)]
    Sketch(#[from] dabnet_sketch::SketchError),
    /// The device cannot be used.
    #[error("device '{device}': {reason}")]
    Device {
        /// The device.
        device: Device,
        /// The reason.
        reason: String,
    },
    /// The tensor library failed.
    #[error("the tensor library failed: {0}")]
    Tensor(String),
    /// The trained network does not make a valid model file.
    #[error(transparent)]
    Engine(#[from] dabnet_engine::EngineError),
}

impl TrainError {
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { field: field.into(), reason: reason.into() }
    }
}

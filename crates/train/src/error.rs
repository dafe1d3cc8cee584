use std::{io, path::PathBuf};

use dabnet_binarize::SplitError;
use thiserror::Error;

use crate::Device;

/// What can go wrong in training.
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
        /// Why.
        source: SplitError,
    },
    /// Something is no longer a finite number.
    #[error("training diverged: {what} became {value} in epoch {epoch}; try a lower learning rate")]
    Diverged {
        /// The loss, or the tensor that it is in.
        what: String,
        /// What it is.
        value: f32,
        /// Epoch, from 1.
        epoch: usize,
    },
    /// The examples or the configuration cannot train this network.
    #[error("{0}")]
    Config(String),
    /// A checkpoint is of another run.
    #[error("cannot resume: {what} is {checkpoint} in the checkpoint and {run} now")]
    Mismatch {
        /// What differs.
        what: String,
        /// As the checkpoint has it.
        checkpoint: String,
        /// As it was asked for.
        run: String,
    },
    /// A run is to become longer, and its learning rate has come down by what was to be its end.
    #[error(
        "cannot resume: the run was begun with {begun} epochs and its learning rate comes down by then; for {now}, begin \
         another run that starts from this one"
    )]
    Longer {
        /// Epochs that it was begun with.
        begun: usize,
        /// As it was asked for.
        now: usize,
    },
    /// A checkpoint makes no sense.
    #[error("'{field}' {reason}")]
    Field {
        /// The field that is wrong.
        field: String,
        /// How.
        reason: String,
    },
    /// A file of a run makes no sense.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<TrainError>,
    },
    /// A file of a run cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of a run cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
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
    Data(#[from] dabnet_data::DataError),
    /// The device cannot be used.
    #[error("device '{device}': {reason}")]
    Device {
        /// The device.
        device: Device,
        /// Why.
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

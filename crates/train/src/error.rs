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
    /// The loss is no longer a number.
    #[error("the loss became {loss} in epoch {epoch}; try a lower learning rate")]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// The loss.
        loss: f32,
    },
    /// The examples or the configuration cannot train this network.
    #[error("{0}")]
    Config(String),
    /// An example cannot be read.
    #[error(transparent)]
    Sketch(#[from] dabnet_sketch::SketchError),
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

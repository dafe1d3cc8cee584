use dabnet_engine::EngineError;
use std::path::PathBuf;
use thiserror::Error;

/// Error of calibrating a model or of teaching it words.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// The model is not valid.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The network has no dense last layer of reals.
    #[error("this network's last layer is no dense one of real weights, which words could be added to")]
    NoClassifier,
    /// The model was not calibrated.
    #[error("this model was not calibrated, and would forget what it knows: calibrate it first")]
    NotCalibrated,
    /// Too few drawings to measure on.
    #[error("{count} drawings are too few to calibrate with; give at least {least}")]
    TooFew {
        /// Number of drawings.
        count: usize,
        /// Least number.
        least: usize,
    },
    /// A word without drawings, or with too many.
    #[error("the word '{label}' has {count} drawings; give 1 to {most}")]
    Drawings {
        /// The word.
        label: String,
        /// Number of its drawings.
        count: usize,
        /// The most that are taken.
        most: usize,
    },
    /// A word that the model was trained on.
    #[error(
        "the model knows '{label}' from its training; call yours otherwise, or make a model of your words alone"
    )]
    Known {
        /// The word.
        label: String,
    },
    /// A word that is not a label of the model.
    #[error("the model has no word '{label}'")]
    Unknown {
        /// The word.
        label: String,
    },
    /// An index that cannot be read or written.
    #[error("{}: {reason}", path.display())]
    Index {
        /// Its file.
        path: PathBuf,
        /// Cause.
        reason: String,
    },
    /// Fewer words than a model can have.
    #[error("no word would be left")]
    NoWords,
    /// An embedding of another length than the model's.
    #[error("an embedding has {found} values; this model's have {expected}")]
    Width {
        /// Number of values given.
        found: usize,
        /// Number of values expected.
        expected: usize,
    },
}

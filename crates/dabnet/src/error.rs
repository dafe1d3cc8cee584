use std::path::PathBuf;

use dabnet_engine::EngineError;
use dabnet_graph::Look;
#[cfg(feature = "files")]
use dabnet_sketch::SketchError;
use thiserror::Error;

/// Reason why a sketch is not recognized or a model not opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecognizeError {
    /// A drawing without a point, or a picture without ink.
    #[error("there is nothing drawn")]
    NothingDrawn,
    /// A point that is not a finite number.
    #[error("stroke {stroke} has a coordinate that is no finite number")]
    NotFinite {
        /// Index of the stroke.
        stroke: usize,
    },
    /// Several views for a model that has one.
    #[error("several views are for models of the look 'lines', this one's is '{look}'")]
    Views {
        /// The model's look.
        look: Look,
    },
    /// A name that no model has, and no file.
    #[error("{}: there is no such file, and no such model: give a model's file, its folder, or {known}", path.display())]
    UnknownModel {
        /// The name.
        path: PathBuf,
        /// The names that there are.
        known: String,
    },
    /// A folder without a model: that of a run gets one when the run ends.
    #[error("{} has no model.safetensors; where a run is kept there, it has not ended", path.display())]
    NoModel {
        /// The folder.
        path: PathBuf,
    },
    /// A model that cannot be opened or run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Words that cannot be taught.
    #[cfg(feature = "teach")]
    #[error(transparent)]
    Teach(#[from] dabnet_embedding::EmbeddingError),
    /// A file that cannot be read.
    #[cfg(feature = "files")]
    #[error(transparent)]
    Sketch(#[from] SketchError),
}

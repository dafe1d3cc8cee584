//! What embeddings of sketches are good for: answers that mean what they say, words of one's own, likeness.
//!
//! A network's last layer makes logits of an embedding, and is the only one that knows words. [`calibrate`] measures
//! a model on drawings that it has not learned from, so that its probabilities are right and it can answer "none of these".
//! [`teach`] adds words to a calibrated model from a few drawings each, in a fraction of a second: the network stays as it
//! is, its last layer gets rows. The result is a model like any other. An [`EmbeddingIndex`] finds, among many
//! drawings, those that are most like one.
#![forbid(unsafe_code)]

mod calibrate;
mod classifier;
mod error;
mod index;
mod statistics;
mod teach;

pub use calibrate::{CalibrationExample, calibrate};
pub use error::EmbeddingError;
pub use index::{EmbeddingIndex, IndexBuilder, IndexMatch};
pub use teach::{MAX_DRAWINGS, TaughtWord, VIEWS, forget, teach, teach_alone};

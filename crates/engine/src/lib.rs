//! Inference engine for packed one-bit neural networks: file format, compiler, popcount kernels.
//!
//! A [`PackedModel`] is the content of a model file. [`Model`] compiles it, once, to steps on bits and
//! floats; a [`Session`] owns the buffers that running them takes:
//!
//! ```no_run
//! use dabnet_engine::{Model, Session, top};
//!
//! # fn main() -> Result<(), dabnet_engine::EngineError> {
//! let model = Model::load("models/quickdraw-20")?;
//! let mut session = Session::new(&model);
//! let canvas = vec![0.0; model.input_len()];
//! for prediction in top(session.run(&canvas)?, 5) {
//!     println!("{} {:.3}", model.labels()[prediction.class], prediction.probability);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Internally, activations are `height × width × channels`, as floats or as bits (1 for +1, 0 for −1),
//! because a row of a window is then contiguous.
#![deny(unsafe_code)]

mod activations;
mod error;
mod evaluation;
mod firmware;
mod format;
mod fuse;
mod limits;
mod model;
mod ops;
mod plan;
mod prediction;
mod program;
mod session;
mod simd;
mod sparse;
mod threads;

#[doc(no_inline)]
pub use {dabnet_graph, serde_json};

pub use activations::ActivationCounts;
pub use error::EngineError;
pub use evaluation::{ConfidenceBin, Evaluation};
pub use firmware::FirmwareImage;
pub use format::{Calibration, EmbeddingStatistics, NodeParameters, PackedModel, quantize, quantized_value};
pub use model::Model;
pub use prediction::{Prediction, average_logits, energy, log_softmax, rank, run_views, softmax, top};
pub use session::Session;
pub use simd::{Isa, hamming_distances, peak_bit_macs};

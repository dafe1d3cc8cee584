//! Packed one-bit neural networks: file format, compiler, popcount kernels.
//!
//! A [`PackedModel`] is what a model file holds. [`Model`] compiles it, once, to steps on bits
//! and on floats; a [`Session`] owns the buffers to run those steps, again and again:
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
//! Inside, activations are `height × width × channels`, as floats or as bits (1 for +1, 0 for
//! −1), because a window's row is then one run of memory.
#![deny(unsafe_code)]

mod aligned;
mod bits;
mod compile;
mod error;
mod evaluation;
mod file;
mod fired;
mod ink;
mod isa;
mod kernels;
mod limits;
mod memory;
mod model;
mod ones;
mod peak;
mod plan;
mod pointwise;
mod prediction;
mod program;
mod quantize;
mod session;
mod step;
mod threads;
mod touched;
mod window;

pub use error::EngineError;
pub use evaluation::Evaluation;
pub use file::{PackedModel, Parameters};
pub use fired::Fired;
pub use isa::Isa;
pub use model::Model;
pub use peak::peak_bit_macs;
pub use prediction::{Prediction, average_log_probabilities, log_softmax, rank, run_views, softmax, top};
pub use quantize::{quantize, value as quantized_value};
pub use session::Session;

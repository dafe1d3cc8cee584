//! Recognizes freehand sketches with one-bit neural networks: offline, in a fraction of a millisecond, with models of
//! a tenth to one megabyte.
//!
//! ```
//! # #[cfg(feature = "models")] {
//! use dabnet::{Drawing, Recognizer, Stroke, models};
//!
//! let mut recognizer = Recognizer::new(models::quickdraw_345());
//! // As a finger draws it, x to the right and y down, in any unit.
//! let star = Stroke::new(vec![[50., 0.], [79., 90.], [2., 35.], [98., 35.], [21., 90.], [50., 0.]]);
//! let guesses = recognizer.recognize(&Drawing::Strokes(vec![star]), 3)?;
//! assert_eq!(guesses[0].label, "star");
//! # }
//! # Ok::<(), dabnet::RecognizeError>(())
//! ```
//!
//! What is behind it are crates of their own: `dabnet-engine` runs packed networks, `dabnet-sketch` reads and draws
//! sketches, `dabnet-binarize` splits filters, `dabnet-train` trains, `dabnet-cli` is the program.
#![forbid(unsafe_code)]

mod error;
#[cfg(feature = "models")]
pub mod models;
mod recognizer;
#[cfg(feature = "teach")]
mod teacher;

pub use dabnet_engine::{Model, PackedModel};
pub use dabnet_sketch::{Drawing, Point, Raster, Stroke};
#[cfg(feature = "files")]
pub use dabnet_sketch::{Sketch, read_bytes, read_file};
pub use error::RecognizeError;
pub use recognizer::{Guess, Recognizer};
#[cfg(feature = "teach")]
pub use teacher::Teacher;

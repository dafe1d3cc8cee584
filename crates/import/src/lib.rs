//! Networks of other tools as networks of this project, in full precision.
//!
//! [`import`] reads a convolutional network from an ONNX file and gives a [`PackedModel`] whose logits are
//! those of the file. Files come from anywhere: whatever is in one, the answer is a model or an
//! [`ImportError`] of one line, and memory stays within a few times the size of the file.
//!
//! [`PackedModel`]: dabnet_engine::PackedModel
#![forbid(unsafe_code)]

mod constant;
mod error;
mod flow;
mod import;
mod input;
mod messages;
mod network;
mod node;
mod ops;
mod source;
#[cfg(test)]
mod tests;
mod values;

pub use error::ImportError;
pub use import::{Import, import, import_bytes};

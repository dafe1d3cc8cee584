//! Import of ONNX networks as networks of this project, in full precision.
//!
//! [`import`] reads a convolutional network from an ONNX file and returns a [`PackedModel`] with the same logits. Files
//! are untrusted: the result for any file is a model or an [`ImportError`] of one line, and memory stays within a few
//! times the size of the file.
//!
//! [`PackedModel`]: dabnet_engine::PackedModel
#![forbid(unsafe_code)]

mod activation;
mod constant;
mod error;
mod graph_values;
mod import;
mod input;
mod messages;
mod network;
mod node;
mod ops;
mod source;
#[cfg(test)]
mod tests;

pub use error::ImportError;
pub use import::{ImportOptions, import, import_bytes};

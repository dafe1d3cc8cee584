//! Networks between ONNX and this project, both ways.
//!
//! [`import`] reads a convolutional network from an ONNX file and returns a [`PackedModel`] with the same logits. Files
//! are untrusted: the result for any file is a model or an [`ImportError`] of one line, and memory stays within a few
//! times the size of the file. [`export`] gives the bytes of an ONNX file that computes what a packed model does.
//!
//! [`PackedModel`]: dabnet_engine::PackedModel
#![forbid(unsafe_code)]

mod export;
mod import;
mod messages;

/// Keys of the metadata of exported files.
mod key {
    pub(crate) const FORM: &str = "dabnet.form";
    pub(crate) const LABELS: &str = "dabnet.labels";
    pub(crate) const PREPROCESSING: &str = "dabnet.preprocessing";
    pub(crate) const PROVENANCE: &str = "dabnet.provenance";
}

pub use export::{ExportError, ExportForm, export};
pub use import::{ImportError, ImportOptions, import, import_bytes};

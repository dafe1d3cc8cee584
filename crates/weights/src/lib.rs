//! Reads, binarizes and writes the weights of any network's file, one tensor at a time.
//!
//! [`WeightSource`] opens a safetensors file, a sharded safetensors index or an ONNX model, and locates its tensors
//! without reading them. [`TensorSelection`] selects the tensors to binarize, and [`binarize`] writes them as bits with
//! two values per filter, or in place with every weight replaced by its value. Memory stays near the largest tensor.
#![forbid(unsafe_code)]

mod binarize;
mod error;
mod formats;
mod number;
mod output;
mod part;
mod report;
mod roles;
mod selection;
mod source;
mod tensor;

pub use binarize::{BinarizeOptions, binarize};
pub use error::WeightsError;
pub use number::NumberFormat;
pub use output::OutputFormat;
pub use report::{BinarizeReport, TensorOutcome, TensorReport};
pub use selection::TensorSelection;
pub use source::{WeightReader, WeightSource};
pub use tensor::{FilterAxis, LayerRole, Tensor};

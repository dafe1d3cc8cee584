//! The weights of any network's file, a tensor at a time: read, binarize, write.
//!
//! [`Source`] opens a safetensors file, a sharded safetensors index or an ONNX model, and knows
//! where each tensor lies without reading it. [`Selection`] says which tensors to binarize, and
//! [`binarize`] writes them as bits and two values a filter, or back in their place with every
//! weight replaced by its filter's value. Memory stays near the largest tensor.
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

pub use binarize::{Binarize, binarize};
pub use error::WeightsError;
pub use number::Number;
pub use output::Form;
pub use report::{Outcome, Report, TensorReport};
pub use selection::Selection;
pub use source::{Reader, Source};
pub use tensor::{Filters, Role, Tensor};

//! Packed models and their file format, specified in `docs/file-format.md`.

mod calibration;
mod checksum;
mod packed;
mod parameters;
mod quantize;
mod random;
mod read;
mod schema;
mod write;

pub use calibration::{Calibration, EmbeddingStatistics};
pub use packed::PackedModel;
pub use parameters::NodeParameters;
pub use quantize::{quantize, value as quantized_value};

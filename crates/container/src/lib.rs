//! Deterministic safetensors files, and files that are replaced atomically.
//!
//! Model files, checkpoints and files of weights are all written here.
//!
//! ```
//! use std::{borrow::Cow, collections::BTreeMap};
//!
//! use dabnet_container::{Dtype, Tensor, to_bytes};
//!
//! let tensor = Tensor { name: "weight".into(), dtype: Dtype::U8, shape: vec![3], data: Cow::Borrowed(&[1, 2, 3]) };
//! let bytes = to_bytes(&BTreeMap::from([("format", "example")]), vec![tensor])?;
//! assert_eq!(bytes[bytes.len() - 3..], [1, 2, 3]);
//! # Ok::<(), std::io::Error>(())
//! ```
#![forbid(unsafe_code)]

mod atomic_file;
mod tensors;

pub use atomic_file::{AtomicFile, replace_file};
pub use safetensors::Dtype;
pub use tensors::{Tensor, frame_header, to_bytes};

//! Runner of one-bit networks for microcontrollers: no standard library, no allocation, no dependencies, and floats
//! without a unit for them.
//!
//! A packed model is compiled on a computer, `dabnet export quickdraw-20 -o model.bin --form firmware`, to an *image*:
//! weights, thresholds, and every row of every layer in the order in which they are to be computed, each with its place
//! in memory. So nothing is decided on the device, whole activations never exist, and 20 words take some 50 kB of
//! memory. Embeddings are those of `dabnet-engine` to the last bit, as long as less than two fifths of the canvas are ink:
//! beyond that, the engine sums the first layer in another order.
//!
//! ```no_run
//! use dabnet_micro::{Network, image_words};
//!
//! // What was exported: include_bytes!("model.bin").
//! const BYTES: &[u8] = &[0; 128];
//! static IMAGE: [u32; BYTES.len() / 4] = image_words(BYTES);
//! const MEMORY_LEN: usize = Network::memory_len(&IMAGE);
//!
//! # fn main() -> Result<(), dabnet_micro::ImageError> {
//! let network = Network::new(&IMAGE)?;
//! # let (mut memory, mut ink) = (vec![0; MEMORY_LEN], vec![0; Network::ink_len(&IMAGE)]);
//! let strokes = [[[0.0, 0.0], [30.0, 40.0]], [[30.0, 0.0], [0.0, 40.0]]];
//! network.draw(strokes, &mut memory, &mut ink)?;
//! let logits = network.run(&ink, &mut memory)?;
//! let word = network.label(logits.best());
//! # Ok(())
//! # }
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod error;
pub mod format;
mod image;
mod network;
mod ops;
mod pen;
mod step;

pub use error::ImageError;
pub use image::image_words;
pub use network::{Label, Logits, Network};

//! Packed one-bit networks that recognize freehand sketches, as the bytes of their files.
//!
//! ```
//! let (name, bytes) = dabnet_models::ALL[0];
//! assert_eq!((name, bytes), ("quickdraw-345", dabnet_models::QUICKDRAW_345));
//! ```
#![no_std]
#![forbid(unsafe_code)]

/// [Quick, Draw!](https://github.com/googlecreativelab/quickdraw-dataset)'s 345 words: the most useful model.
pub const QUICKDRAW_345: &[u8] = include_bytes!("../quickdraw-345/model.safetensors");

/// 20 of Quick, Draw!'s words, in about 100 kB.
pub const QUICKDRAW_20: &[u8] = include_bytes!("../quickdraw-20/model.safetensors");

/// The same 20 words in half of that: what a page guesses by until more is there, and for microcontrollers.
pub const QUICKDRAW_20_MINI: &[u8] = include_bytes!("../quickdraw-20-mini/model.safetensors");

/// The 250 classes of TU-Berlin, for careful drawings.
pub const TU_BERLIN_250: &[u8] = include_bytes!("../tu-berlin-250/model.safetensors");

/// The model of that name.
///
/// ```
/// assert!(dabnet_models::find("quickdraw-20").is_some() && dabnet_models::find("other").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static [u8]> {
    ALL.into_iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes)
}

/// Every model with its name, the most useful one first.
pub const ALL: [(&str, &[u8]); 4] = [
    ("quickdraw-345", QUICKDRAW_345),
    ("quickdraw-20", QUICKDRAW_20),
    ("tu-berlin-250", TU_BERLIN_250),
    ("quickdraw-20-mini", QUICKDRAW_20_MINI),
];

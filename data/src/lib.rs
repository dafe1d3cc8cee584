//! Freehand sketches of Google's [Quick, Draw!](https://github.com/googlecreativelab/quickdraw-dataset), as the bytes of
//! gzip-compressed ndjson files: 20 words, 170 sketches of each to train on and 30 to test with, licensed CC BY 4.0.
//!
//! ```
//! assert_eq!(dabnet_samples::QUICKDRAW_20_TEST[..2], [0x1f, 0x8b]);
//! ```
#![no_std]
#![forbid(unsafe_code)]

/// 3,400 sketches to train on.
pub const QUICKDRAW_20_TRAIN: &[u8] = include_bytes!("../quickdraw-20/train.ndjson.gz");

/// 600 sketches to test with.
pub const QUICKDRAW_20_TEST: &[u8] = include_bytes!("../quickdraw-20/test.ndjson.gz");

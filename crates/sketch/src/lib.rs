//! Freehand sketches, from a file to the pixels that a network sees.
//!
//! A [`Sketch`] is a [`Drawing`] with, perhaps, a word for what it shows. A drawing is strokes or
//! a raster, and [`rasterize`] puts either on a [`Canvas`](dabnet_graph::Canvas) in the same
//! way: fitted to the canvas and drawn with the canvas's line, whatever its own size and line
//! width were. [`read_file`] recognises a file by its content; [`Augment`] varies a drawing for
//! training; [`Dataset::bundled`] is the small real data set that the project ships.
// Only `data/map.rs` may: a memory map is no safe thing.
#![deny(unsafe_code)]

mod augment;
mod bitmap;
mod data;
mod dataset;
mod error;
mod fit;
pub mod formats;
mod import;
mod loader;
mod lookup;
mod paper;
mod part;
mod picture;
mod raster;
mod rasterize;
mod resize;
mod skeleton;
mod sketch;
mod source;
mod split;
mod stroke;
mod trace;
mod view;

pub use augment::Augment;
pub use bitmap::quickdraw_bitmap;
pub use data::{Balance, DataExamples, DataSet, Ink, Inspection, MANIFEST, Manifest, ShardInfo, Skipped};
pub use dataset::{Dataset, Example};
pub use error::SketchError;
pub use formats::{Sketches, read, read_bytes, read_file};
pub use import::{Import, ImportProgress};
pub use loader::{Batch, Batches, Examples, Order, load, shuffled, stream};
pub use paper::{Paper, average_log_probabilities};
pub use part::Part;
pub use picture::Picture;
pub use raster::Raster;
pub use rasterize::{normalized, rasterize};
pub use resize::resampled;
pub use sketch::{Drawing, Sketch};
pub use split::{Folds, Share, Split};
pub use stroke::{Point, Stroke};
pub use view::View;

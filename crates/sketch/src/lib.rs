//! Freehand sketches, from a file to the pixels that a network sees.
//!
//! A [`Sketch`] is a [`Drawing`] with, perhaps, a word for what it shows. A drawing is strokes or
//! a raster, and [`Preprocess::apply`] turns either into the input of a network as the network's model file
//! says; most draw it with [`rasterize`] in the same way: fitted to the canvas and drawn with the canvas's line,
//! whatever its own size and line width were. [`read_file`] recognises a file by its content; [`Augment`] varies a drawing for
//! training; [`Dataset::bundled`] is the small real data set that the project ships.
// Only `data/map.rs` may: a memory map is no safe thing.
#![deny(unsafe_code)]
// What varies a drawing for training shares its code with what draws it.
#![cfg_attr(not(feature = "files"), allow(dead_code))]

#[cfg(feature = "files")]
mod augment;
mod bitmap;
#[cfg(feature = "files")]
mod data;
#[cfg(feature = "files")]
mod dataset;
mod error;
mod fit;
#[cfg(feature = "files")]
pub mod formats;
#[cfg(feature = "files")]
mod guard;
#[cfg(feature = "files")]
mod import;
#[cfg(feature = "files")]
mod loader;
#[cfg(feature = "files")]
mod lookup;
mod otsu;
mod paper;
#[cfg(feature = "files")]
mod part;
mod picture;
mod planes;
mod preprocess;
mod raster;
mod rasterize;
mod resize;
mod skeleton;
mod sketch;
#[cfg(feature = "files")]
mod source;
#[cfg(feature = "files")]
mod split;
mod stroke;
mod trace;
#[cfg(feature = "files")]
mod view;
mod views;

#[cfg(feature = "files")]
pub use augment::Augment;
pub use bitmap::quickdraw_bitmap;
#[cfg(feature = "files")]
pub use data::{
    Balance, DataExamples, DataSet, Ink, Inspection, MANIFEST, Manifest, MixedExamples, ShardInfo, Skipped,
};
#[cfg(feature = "files")]
pub use dataset::{Dataset, Example};
pub use error::SketchError;
#[cfg(feature = "files")]
pub use formats::{Sketches, read, read_bytes, read_file};
#[cfg(feature = "files")]
pub use import::{Classes, Import, ImportNotice, ImportProgress};
#[cfg(feature = "files")]
pub use loader::{Batch, Batches, Examples, Order, load, shuffled, stream};
pub use paper::Paper;
#[cfg(feature = "files")]
pub use part::Part;
pub use picture::Picture;
pub use preprocess::Preprocess;
pub use raster::Raster;
pub use rasterize::rasterize;
pub use resize::resampled;
pub use sketch::{Drawing, Sketch};
#[cfg(feature = "files")]
pub use split::{Folds, Share, Split};
pub use stroke::{Point, Stroke};
#[cfg(feature = "files")]
pub use view::View;
pub use views::{MAX_VIEWS, views};

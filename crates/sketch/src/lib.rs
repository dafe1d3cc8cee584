//! Freehand sketches, from a file to the pixels that a network sees.
//!
//! A [`Sketch`] is a [`Drawing`] with, perhaps, a word for what it shows. A drawing is strokes or
//! a raster, and [`Preprocess::apply`] turns either into the input of a network as the network's model file
//! says; most draw it with [`rasterize`] in the same way: fitted to the canvas and drawn with the canvas's line,
//! whatever its own size and line width were. [`read_file`] recognizes a file by its content; [`Augmentation`] varies a drawing for
//! training.
#![forbid(unsafe_code)]
// What varies a drawing for training shares its code with what draws it.
#![cfg_attr(not(feature = "files"), allow(dead_code))]

#[cfg(feature = "files")]
mod augmentation;
mod bitmap;
mod error;
#[cfg(feature = "files")]
pub mod formats;
mod otsu;
mod placement;
mod planes;
mod preprocess;
mod published;
mod raster;
mod rasterize;
mod resize;
mod skeleton;
mod sketch;
mod test_time;
mod trace;

#[cfg(feature = "files")]
pub use augmentation::{Augmentation, TrainingPipeline};
pub use bitmap::quickdraw_bitmap;
pub use error::SketchError;
#[cfg(feature = "files")]
pub use formats::{SketchReader, read, read_bytes, read_file};
pub use preprocess::Preprocess;
pub use published::PublishedPreprocessing;
pub use raster::{Raster, RgbImage};
pub use rasterize::rasterize;
pub use resize::resampled;
pub use sketch::{Drawing, Point, Sketch, Stroke};
pub use test_time::{MAX_VIEWS, test_time_views, unmirrored_views};

//! Data sets of sketches, from files of any format to the batches that a network learns from.
//!
//! [`Import::run`] turns files, folders and archives into a [`Dataset`] on disk, which is read without being
//! loaded; a [`Split`] gives each sketch its [`Part`], and [`load`] draws batches of them ahead on threads of
//! its own. [`Dataset::bundled`] is the small real data set that the project ships.
// Only `map.rs` may: a memory map is no safe thing.
#![deny(unsafe_code)]
#![warn(unreachable_pub)]

mod builder;
mod dataset;
mod error;
mod examples;
mod import;
mod inspection;
mod item;
mod loader;
mod manifest;
mod map;
mod part;
mod shard;
mod source;
mod split;

pub use dataset::{Dataset, LabeledSketch};
pub use error::DataError;
pub use examples::SketchExamples;
pub use import::{Classes, Import, ImportNotice, ImportProgress};
pub use inspection::{Balance, Ink, Inspection};
pub use loader::{Batch, Batches, Examples, Order, load, shuffled, stream};
pub use manifest::{MANIFEST, Manifest, Skipped};
pub use part::Part;
pub use shard::ShardInfo;
pub use split::{Folds, Share, Split};

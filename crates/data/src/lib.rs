//! Data sets of sketches, from files of any format to the batches that a network learns from.
//!
//! [`DatasetImport::run`] turns files, folders and archives into a [`Dataset`] on disk, which is read without being
//! loaded; a [`SplitRecipe`] gives each sketch its [`Part`], and [`load_batches`] draws batches of them ahead on threads of
//! its own. [`Dataset::bundled`] is the small real data set that the project ships.
// Only `map.rs` may: a memory map is no safe thing.
#![deny(unsafe_code)]

mod builder;
mod dataset;
mod encoding;
mod error;
mod examples;
mod import;
mod inspection;
mod loader;
mod manifest;
mod map;
mod shard;
mod source;
mod split;

pub use dataset::{Dataset, LabeledSketch};
pub use error::DataError;
pub use examples::SketchExamples;
pub use import::{ClassMap, DatasetImport, ImportNotice, ImportProgress};
pub use inspection::{ClassBalance, DatasetInspection, InkCoverage};
pub use loader::{Batch, BatchIter, BatchOrder, Examples, epoch_order, load_batches, random_stream};
pub use manifest::{MANIFEST, Manifest, SkippedItems};
pub use shard::ShardInfo;
pub use split::{ClassShare, FoldSelection, Part, SplitRecipe};

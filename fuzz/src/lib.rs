//! What the fuzz targets share: mutations that keep files and graphs nearly valid, a run of what was
//! accepted that compares everything that must be equal, and what must hold of every sketch.

mod archive;
#[path = "../../crates/engine/tests/common/mod.rs"]
pub mod common;
mod container;
mod dataset;
mod graph;
mod json;
mod run;
mod sketch;

pub use archive::{mutate as mutate_archive, written as written_archive};
pub use container::mutate as mutate_model;
pub use dataset::Parts;
pub use graph::mutate as mutate_graph;
pub use run::{is_small, run};
pub use sketch::{check_archive, check_data_set, check_file, check_folder};

/// Some bytes as libFuzzer changes them.
// Inlined so that programs that are no targets need not be linked with libFuzzer.
#[inline]
pub fn fuzzed(bytes: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; bytes.len() + 16];
    buffer[..bytes.len()].copy_from_slice(bytes);
    let (size, max) = (bytes.len(), buffer.len());
    let size = libfuzzer_sys::fuzzer_mutate(&mut buffer, size, max);
    buffer.truncate(size);
    buffer
}

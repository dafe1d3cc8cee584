//! What the fuzz targets share: mutations that keep files and graphs nearly valid, and a run of what
//! was accepted that compares everything that must be equal.

#[path = "../../crates/engine/tests/common/mod.rs"]
pub mod common;
mod container;
mod graph;
mod json;
mod run;

pub use container::mutate as mutate_model;
pub use graph::mutate as mutate_graph;
pub use run::{is_small, run};

//! What several tests need.

use std::path::PathBuf;

use dabnet_sketch::{Sketch, SketchError, read_bytes};

pub(crate) fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/examples").join(name)
}

/// The only sketch in some bytes, or the error in its place.
pub(crate) fn only(bytes: impl Into<Vec<u8>>) -> Result<Sketch, SketchError> {
    let mut sketches = read_bytes("it", bytes)?;
    let sketch = sketches.next().expect("an item");
    assert!(sketches.next().is_none());
    sketch
}

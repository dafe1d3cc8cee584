//! What several tests need.

use std::path::PathBuf;

use dabnet_graph::Canvas;
use dabnet_sketch::{Sketch, SketchError, read_bytes, read_file};

pub(crate) const CANVAS: Canvas = Canvas { side: 64, line_width: 0.03, margin: 0.03, mean: 0.0, std: 1.0 };

pub(crate) fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data/examples").join(name)
}

/// The bundled sketches of a part: `train` or `test`.
pub(crate) fn bundled(part: &str) -> Vec<Sketch> {
    let file = format!("../quickdraw-20/{part}.ndjson.gz");
    read_file(example(&file)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The only sketch in some bytes, or the error in its place.
pub(crate) fn only(bytes: impl Into<Vec<u8>>) -> Result<Sketch, SketchError> {
    let mut sketches = read_bytes("it", bytes)?;
    let sketch = sketches.next().expect("an item");
    assert!(sketches.next().is_none());
    sketch
}

pub(crate) fn error(bytes: impl Into<Vec<u8>>) -> String {
    let message = only(bytes).expect_err("no sketch").to_string();
    assert!(message.contains("'it'") && !message.contains('\n'), "{message}");
    message
}

/// Cosine of the angle between two canvases.
pub(crate) fn similarity(a: &[u8], b: &[u8]) -> f64 {
    let dot = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

use serde::{Deserialize, Serialize};

use crate::GraphError;

/// The square raster that a sketch is drawn on before a network sees it.
///
/// A model carries the canvas it was trained on, so that a sketch is always drawn the way the
/// network expects. Ink is 1 and paper is 0; what the network sees is `(ink − mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canvas {
    /// Width and height in pixels.
    pub side: usize,
    /// Width of a drawn line, as a fraction of the side.
    pub line_width: f32,
    /// Empty border around the sketch's bounding box, as a fraction of the side.
    pub margin: f32,
    /// Subtracted from every pixel.
    pub mean: f32,
    /// Divides every pixel after that.
    pub std: f32,
}

impl Canvas {
    /// The largest side a canvas may have.
    pub const MAX_SIDE: usize = 1024;

    /// Default canvas where no model specifies one. Bundled sketches cover 4.1 % of it at 225 pixels, like
    /// sketches of TU-Berlin scaled down to that size.
    pub const fn to_measure(side: usize) -> Self {
        Self { side, line_width: 0.007, margin: 0.03, mean: 0.0, std: 1.0 }
    }

    /// Checks that a sketch can be drawn on this canvas.
    ///
    /// # Errors
    /// [`GraphError::Canvas`], naming the field that is out of range.
    pub fn validate(&self) -> Result<(), GraphError> {
        let fail = |reason: String| Err(GraphError::Canvas(reason));
        if !(8..=Self::MAX_SIDE).contains(&self.side) {
            return fail(format!("side {} is not in 8..={}", self.side, Self::MAX_SIDE));
        }
        if !(self.line_width > 0.0 && self.line_width <= 0.5) {
            return fail(format!("line_width {} is not in (0, 0.5]", self.line_width));
        }
        if !(0.0..0.5).contains(&self.margin) {
            return fail(format!("margin {} is not in [0, 0.5)", self.margin));
        }
        let normalized = [0, 255].map(|ink| self.normalize(ink));
        if !(self.std > 0.0 && self.std.is_finite() && normalized.iter().all(|value| value.is_finite())) {
            return fail(format!("mean {} or std {} cannot normalize", self.mean, self.std));
        }
        Ok(())
    }

    /// Network input for 8-bit ink, with 0 for paper and 255 for full ink.
    pub fn normalize(&self, ink: u8) -> f32 {
        (f32::from(ink) / 255.0 - self.mean) / self.std
    }
}

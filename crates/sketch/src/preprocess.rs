use dabnet_graph::{Look, Preprocessing};

use crate::fit::Placement;
use crate::planes::draw_planes;
use crate::{Drawing, Paper, quickdraw_bitmap, rasterize, resampled};

/// What a model's [`Preprocessing`] does to a drawing.
///
/// ```
/// use dabnet_graph::{Canvas, Preprocessing};
/// use dabnet_sketch::{Drawing, Preprocess, Stroke};
///
/// let preprocessing = Preprocessing::lines(Canvas::to_measure(64));
/// let line = Drawing::Strokes(vec![Stroke::new(vec![[0.0, 0.0], [3.0, 4.0]])]);
/// assert_eq!(preprocessing.apply(&line).len(), 64 * 64);
/// ```
pub trait Preprocess {
    /// Input of the network: `channels × side × side` normalised values, row by row.
    fn apply(&self, drawing: &Drawing) -> Vec<f32>;

    /// The same before it is normalised, 0 paper and 255 ink; the first channel is the [ink](Self::ink).
    ///
    /// What is known of strokes follows from the order that they and their points are in. Those of a raster are
    /// found in it: their directions are those of its lines, their order means nothing.
    fn planes(&self, drawing: &Drawing) -> Vec<u8>;

    /// Ink before it is normalised: `side × side` values, row by row, 0 paper and 255 ink.
    fn ink(&self, drawing: &Drawing) -> Vec<u8>;
}

impl Preprocess for Preprocessing {
    fn apply(&self, drawing: &Drawing) -> Vec<f32> {
        self.normalized(&self.planes(drawing))
    }

    fn planes(&self, drawing: &Drawing) -> Vec<u8> {
        match self.look {
            Look::Lines => {
                draw_planes(&drawing.to_strokes(), &self.canvas, &Placement::FITTED, self.channels)
            }
            Look::Pixels | Look::Paper | Look::Bitmap => self.ink(drawing),
        }
    }

    fn ink(&self, drawing: &Drawing) -> Vec<u8> {
        match (self.look, drawing) {
            (Look::Lines, _) if !self.channels.is_ink() => {
                let mut planes = self.planes(drawing);
                planes.truncate(self.canvas.side * self.canvas.side);
                planes
            }
            (Look::Paper, _) => Paper::new(self.canvas.side).centre(drawing),
            (Look::Bitmap, Drawing::Strokes(strokes)) => quickdraw_bitmap(strokes).to_vec(),
            (Look::Lines, _) | (Look::Pixels, Drawing::Strokes(_)) => rasterize(drawing, &self.canvas),
            (_, Drawing::Raster(raster)) => resampled(raster, self.canvas.side),
            (_, Drawing::Picture(picture)) => resampled(&picture.to_raster(), self.canvas.side),
        }
    }
}

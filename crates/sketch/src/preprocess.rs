use dabnet_graph::{Look, Preprocessing};

use crate::bitmap::simplified;
use crate::placement::CanvasPlacement;
use crate::planes::draw_planes;
use crate::{Drawing, PublishedPreprocessing, quickdraw_bitmap, rasterize, resampled};

/// Conversion of drawings to network inputs by a model's [`Preprocessing`].
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
    /// Input of the network: `channels × side × side` normalized values, row by row.
    fn apply(&self, drawing: &Drawing) -> Vec<f32>;

    /// The same before it is normalized, 0 paper and 255 ink; the first channel is the [ink](Self::ink).
    ///
    /// Channels of strokes follow from the order of strokes and points. Those of a raster are
    /// found in it: their directions are those of its lines, their order means nothing.
    fn planes(&self, drawing: &Drawing) -> Vec<u8>;

    /// Ink before it is normalized: `side × side` values, row by row, 0 paper and 255 ink.
    fn ink(&self, drawing: &Drawing) -> Vec<u8>;
}

impl Preprocess for Preprocessing {
    fn apply(&self, drawing: &Drawing) -> Vec<f32> {
        self.normalized(&self.planes(drawing))
    }

    fn planes(&self, drawing: &Drawing) -> Vec<u8> {
        match self.look {
            Look::Lines => {
                draw_planes(&drawing.to_strokes(), &self.canvas, &CanvasPlacement::FITTED, self.channels)
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
            (Look::Paper, _) => PublishedPreprocessing::new(self.canvas.side).center_crop(drawing),
            (Look::Bitmap, Drawing::Strokes(strokes)) => quickdraw_bitmap(&simplified(strokes)).to_vec(),
            (Look::Lines, _) | (Look::Pixels, Drawing::Strokes(_)) => rasterize(drawing, &self.canvas),
            (_, Drawing::Raster(raster)) => resampled(raster, self.canvas.side),
            (_, Drawing::Picture(picture)) => resampled(&picture.to_raster(), self.canvas.side),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Point, Stroke};

    proptest! {
        /// In whatever units a drawing comes, a bitmap of it is the same, but for rounding.
        #[test]
        fn a_bitmap_does_not_depend_on_the_units(
            points in prop::collection::vec((0..=255_u8, 0..=255_u8), 2..12),
            scale in 0.01..100.0_f32,
            [x, y] in [-1000.0..1000.0_f32, -1000.0..1000.0],
        ) {
            let drawing = |place: &dyn Fn(f32, f32) -> Point| {
                let points = points.iter().map(|&(x, y)| place(x.into(), y.into()));
                Drawing::Strokes(vec![Stroke::new(points.collect())])
            };
            let preprocessing = Preprocessing::bitmap();
            let expected = preprocessing.ink(&drawing(&|x, y| [x, y]));
            let found = preprocessing.ink(&drawing(&|a, b| [a * scale + x, b * scale + y]));
            let extent = |of: fn(&(u8, u8)) -> u8| {
                points.iter().map(of).max().unwrap().abs_diff(points.iter().map(of).min().unwrap())
            };
            prop_assume!(extent(|it| it.0).max(extent(|it| it.1)) > 20 && scale > 0.05);
            let worst = expected.iter().zip(&found).map(|(a, b)| a.abs_diff(*b)).max();
            prop_assert!(worst <= Some(4), "{worst:?}");
        }
    }
}

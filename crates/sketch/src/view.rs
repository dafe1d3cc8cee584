use dabnet_graph::Canvas;
use rand::Rng;

use crate::{Augment, Drawing, Paper, normalized, quickdraw_bitmap, rasterize, resampled};

/// How a drawing becomes what a network sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum View {
    /// Lines drawn on a canvas. Those of a raster are found first, each time: import with
    /// [`trace`](crate::Import::trace) where that is to be quick.
    Lines(Canvas, Augment),
    /// Rasters as they are, the whole picture resampled; strokes are drawn all the same.
    Pixels(Canvas, Augment),
    /// The published preprocessing.
    Paper(Paper),
    /// The 28 × 28 pixels of *Quick, Draw!*'s own bitmaps ([`quickdraw_bitmap`]), of ink from 0 to 1;
    /// never varied.
    Bitmap,
}

/// Side of a bitmap, in pixels.
const BITMAP: usize = 28;

impl View {
    /// Width and height, in pixels.
    pub fn side(&self) -> usize {
        match self {
            Self::Lines(canvas, _) | Self::Pixels(canvas, _) => canvas.side,
            Self::Paper(paper) => paper.side,
            Self::Bitmap => BITMAP,
        }
    }

    /// The drawing varied, to train on: `side × side` normalised values.
    pub fn varied(&self, drawing: &Drawing, rng: &mut impl Rng) -> Vec<f32> {
        match self {
            Self::Lines(canvas, augment) => {
                normalized(&augment.apply(&drawing.to_strokes(), canvas, rng), canvas)
            }
            Self::Pixels(canvas, augment) => {
                let ink = match drawing {
                    Drawing::Strokes(strokes) => augment.apply(strokes, canvas, rng),
                    Drawing::Raster(raster) => augment.raster(raster, canvas, rng),
                    Drawing::Picture(picture) => augment.raster(&picture.to_raster(), canvas, rng),
                };
                normalized(&ink, canvas)
            }
            Self::Paper(paper) => paper.normalized(&paper.train(drawing, rng)),
            Self::Bitmap => bitmap(drawing),
        }
    }

    /// The drawing as it is, to test on: `side × side` normalised values.
    pub fn still(&self, drawing: &Drawing) -> Vec<f32> {
        match self {
            Self::Lines(canvas, _) => normalized(&rasterize(drawing, canvas), canvas),
            Self::Pixels(canvas, _) => {
                let ink = match drawing {
                    Drawing::Strokes(_) => rasterize(drawing, canvas),
                    Drawing::Raster(raster) => resampled(raster, canvas.side),
                    Drawing::Picture(picture) => resampled(&picture.to_raster(), canvas.side),
                };
                normalized(&ink, canvas)
            }
            Self::Paper(paper) => paper.normalized(&paper.centre(drawing)),
            Self::Bitmap => bitmap(drawing),
        }
    }
}

fn bitmap(drawing: &Drawing) -> Vec<f32> {
    let ink = match drawing {
        Drawing::Strokes(strokes) => quickdraw_bitmap(strokes).to_vec(),
        Drawing::Raster(raster) => resampled(raster, BITMAP),
        Drawing::Picture(picture) => resampled(&picture.to_raster(), BITMAP),
    };
    ink.into_iter().map(|ink| f32::from(ink) / 255.0).collect()
}

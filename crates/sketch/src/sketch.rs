use std::borrow::Cow;

use crate::{Raster, RgbImage, Stroke};

/// A drawing and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// What it shows, where its file says so.
    pub word: Option<String>,
    /// What tells it from other sketches, where its file says so.
    pub id: Option<String>,
    /// The drawing itself.
    pub drawing: Drawing,
    /// What its file shows and the drawing has not, a line each.
    pub notes: Vec<String>,
}

/// Ink on paper.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawing {
    /// Lines in the order in which they were drawn.
    Strokes(Vec<Stroke>),
    /// Ink in pixels.
    Raster(Raster),
    /// Colours in pixels: no sketch, but what networks for other data learn from.
    Picture(RgbImage),
}

impl Drawing {
    /// The lines of the drawing: those of a raster are found by [`Raster::to_strokes`], those of a
    /// picture in its [ink](RgbImage::to_raster).
    pub fn to_strokes(&self) -> Cow<'_, [Stroke]> {
        match self {
            Self::Strokes(strokes) => Cow::Borrowed(strokes),
            Self::Raster(raster) => Cow::Owned(raster.to_strokes()),
            Self::Picture(picture) => Cow::Owned(picture.to_raster().to_strokes()),
        }
    }
}

impl From<Drawing> for Sketch {
    fn from(drawing: Drawing) -> Self {
        Self { word: None, id: None, drawing, notes: Vec::new() }
    }
}

use std::borrow::Cow;

use crate::{Raster, RgbImage};

/// A drawing and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// Word for what it shows, if its file has one.
    pub word: Option<String>,
    /// Identifier among other sketches, if its file has one.
    pub id: Option<String>,
    /// The drawing itself.
    pub drawing: Drawing,
    /// Content of its file that the drawing lacks, a line each.
    pub notes: Vec<String>,
}

/// Ink on paper.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawing {
    /// Lines in the order in which they were drawn.
    Strokes(Vec<Stroke>),
    /// Ink in pixels.
    Raster(Raster),
    /// Colors in pixels: no sketch, but what networks for other data learn from.
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

/// A position as `[x, y]`, x to the right and y down, in the units of its drawing.
pub type Point = [f32; 2];

/// One line, drawn without lifting the pen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stroke {
    /// The corners of the polyline, in drawing order. A single point is a dot.
    pub points: Vec<Point>,
    /// Time of each point, in milliseconds since the drawing began; empty if
    /// unknown.
    pub times: Vec<f32>,
}

impl Stroke {
    /// A stroke through these points, without times.
    pub fn new(points: Vec<Point>) -> Self {
        Self { points, times: Vec::new() }
    }

    /// The length of the line, in the units of its points; 0 for a dot.
    pub fn length(&self) -> f32 {
        self.points.windows(2).map(|ends| (ends[1][0] - ends[0][0]).hypot(ends[1][1] - ends[0][1])).sum()
    }

    /// The points that can be drawn: neither infinite nor NaN.
    pub(crate) fn drawable(&self) -> impl Iterator<Item = Point> {
        self.points.iter().copied().filter(|point| point.iter().all(|c| c.is_finite()))
    }
}

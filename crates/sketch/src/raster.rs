use crate::skeleton::Skeleton;
use crate::trace::trace;
use crate::{SketchError, Stroke};

/// A drawing as pixels: 0 is paper, 255 is full ink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    width: usize,
    height: usize,
    ink: Vec<u8>,
}

impl Raster {
    /// A raster of `width × height` pixels, row by row.
    ///
    /// # Errors
    /// [`SketchError::Raster`] where `ink` is not `width · height` long or empty.
    pub fn new(width: usize, height: usize, ink: Vec<u8>) -> Result<Self, SketchError> {
        if ink.is_empty() || width.checked_mul(height) != Some(ink.len()) {
            return Err(SketchError::Raster { width, height, pixels: ink.len() });
        }
        Ok(Self { width, height, ink })
    }

    /// A square raster, of ink that is known to fill it.
    pub(crate) fn square(side: usize, ink: Vec<u8>) -> Self {
        debug_assert_eq!(ink.len(), side * side);
        Self { width: side, height: side, ink }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The ink, row by row.
    pub fn ink(&self) -> &[u8] {
        &self.ink
    }

    /// The lines of the drawing, in pixels, whatever their width.
    ///
    /// Ink is told from paper by Otsu's threshold, brought to a working size of 256 to 512
    /// pixels, thinned to one pixel, and followed from end to end. A filled area is thinned like
    /// any line, so what is left of it is its medial axis. No ink gives no strokes. The order
    /// of the strokes says nothing about how the sketch was drawn.
    pub fn to_strokes(&self) -> Vec<Stroke> {
        Skeleton::of(self).map(|skeleton| trace(&skeleton)).unwrap_or_default()
    }

    /// The ink at a pixel, and paper outside.
    pub(crate) fn at(&self, x: isize, y: isize) -> u8 {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width && y < self.height => self.ink[y * self.width + x],
            _ => 0,
        }
    }
}

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

    /// A smaller raster, neither side of which is longer than `side`, its aspect kept. Every pixel is the
    /// mean of what it covers, so that no line vanishes. One that is small enough stays as it is.
    pub fn reduced(&self, side: usize) -> Self {
        let longer = self.width.max(self.height);
        if side == 0 || longer <= side {
            return self.clone();
        }
        let scaled = |extent: usize| ((extent * side + longer / 2) / longer).max(1);
        let (width, height) = (scaled(self.width), scaled(self.height));
        let across = coverage(self.width, width);
        let down = coverage(self.height, height);
        let mut rows = vec![0.0_f32; width * self.height];
        for (row, ink) in rows.chunks_exact_mut(width).zip(self.ink.chunks_exact(self.width)) {
            for (pixel, (start, weights)) in row.iter_mut().zip(&across) {
                *pixel =
                    weights.iter().zip(&ink[*start..]).map(|(weight, ink)| weight * f32::from(*ink)).sum();
            }
        }
        let mut ink = Vec::with_capacity(width * height);
        for (start, weights) in &down {
            for x in 0..width {
                let column = (0..).zip(weights).map(|(y, weight)| weight * rows[(start + y) * width + x]);
                ink.push(column.sum::<f32>().round() as u8);
            }
        }
        Self { width, height, ink }
    }

    /// The ink at a pixel, and paper outside.
    pub(crate) fn at(&self, x: isize, y: isize) -> u8 {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width && y < self.height => self.ink[y * self.width + x],
            _ => 0,
        }
    }
}

/// For each of `to` pixels, the first of `from` that it covers, and how much of it each makes up.
fn coverage(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let step = from as f64 / to as f64;
    let pixel = |at: usize| {
        let (low, high) = (at as f64 * step, (at + 1) as f64 * step);
        let (first, last) = (low as usize, (high.ceil() as usize).min(from));
        let covered = |pixel: usize| (high.min((pixel + 1) as f64) - low.max(pixel as f64)).max(0.0) / step;
        (first, (first..last).map(|pixel| covered(pixel) as f32).collect())
    };
    (0..to).map(pixel).collect()
}

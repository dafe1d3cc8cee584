use crate::resize::rounded;
use crate::{Point, Raster};

/// A raster with paper around it, to be looked up anywhere.
pub(crate) struct BilinearSampler {
    /// Of a row, with a pixel of paper on either side.
    width: usize,
    ink: Vec<u8>,
    /// The largest x and y at which there may be ink, counted from the paper's first pixel.
    end: Point,
}

impl BilinearSampler {
    pub(crate) fn new(raster: &Raster) -> Self {
        let width = raster.width() + 2;
        let mut ink = vec![0; width * (raster.height() + 2)];
        for (row, from) in ink.chunks_exact_mut(width).skip(1).zip(raster.ink().chunks_exact(width - 2)) {
            row[1..width - 1].copy_from_slice(from);
        }
        Self { width, ink, end: [raster.width(), raster.height()].map(|length| (length + 1) as f32) }
    }

    /// The ink at a position, interpolated between the middles of four pixels. The first pixel's
    /// middle is at 0, 0; beyond the raster is paper.
    #[inline]
    pub(crate) fn at(&self, [x, y]: Point) -> u8 {
        let (x, y) = (x + 1.0, y + 1.0);
        // Also for what is not a number.
        if !(x > 0.0 && y > 0.0 && x < self.end[0] && y < self.end[1]) {
            return 0;
        }
        let (left, top) = (x as usize, y as usize);
        let start = top * self.width + left;
        let (upper, lower) = (self.pair(start), self.pair(start + self.width));
        if upper == [0, 0] && lower == [0, 0] {
            return 0;
        }
        let (fx, fy) = (x - left as f32, y - top as f32);
        let between = |[a, b]: [u8; 2]| f32::from(a) + (f32::from(b) - f32::from(a)) * fx;
        let (upper, lower) = (between(upper), between(lower));
        rounded(upper + (lower - upper) * fy)
    }

    #[inline]
    fn pair(&self, start: usize) -> [u8; 2] {
        match self.ink.get(start..start + 2) {
            Some(&[a, b]) => [a, b],
            _ => [0, 0],
        }
    }
}

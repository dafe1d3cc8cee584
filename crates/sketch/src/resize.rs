use std::ops::Range;

use crate::Raster;

/// A part of a picture along one axis, in pixels of the picture.
pub(crate) struct PixelSpan {
    /// Start and length; the span may reach beyond the picture.
    pub start: f64,
    pub length: f64,
    /// The pixels that are looked at.
    pub pixels: Range<usize>,
}

impl PixelSpan {
    /// Just these pixels.
    pub(crate) fn of(pixels: Range<usize>) -> Self {
        Self { start: pixels.start as f64, length: pixels.len() as f64, pixels }
    }
}

/// The part of a raster that `columns` and `rows` span, as `side × side` values from 0 to 255.
///
/// Each value is the mean under a tent as wide as two of the new pixels or two of the old ones,
/// whichever is wider: interpolation where the raster is enlarged and an average where it is
/// reduced, as Pillow's and torchvision's anti-aliased bilinear resize. Where a tent reaches beyond
/// the pixels, the mean is of those it covers; a value beyond them is 0.
pub(crate) fn resized(raster: &Raster, columns: &PixelSpan, rows: &PixelSpan, side: usize) -> Vec<f32> {
    let (across, down) = (tent_filters(columns, side), tent_filters(rows, side));
    let top = rows.pixels.start;
    let mut narrow = Vec::with_capacity(rows.pixels.len() * side);
    for y in rows.pixels.clone() {
        let row = &raster.ink()[y * raster.width()..];
        narrow.extend(across.iter().map(|tent| tent.mean(row)));
    }
    let mut out = vec![0.0; side * side];
    if side == 0 {
        return out;
    }
    for (tent, row) in down.iter().zip(out.chunks_exact_mut(side)) {
        for (weight, from) in tent.weights.iter().zip(narrow[(tent.first - top) * side..].chunks_exact(side))
        {
            row.iter_mut().zip(from).for_each(|(out, value)| *out += weight * value);
        }
    }
    out
}

/// A raster as `side × side` ink values: the whole picture, its longer side as long as the canvas,
/// in the middle, with paper around it.
///
/// A pixel that several become is their average. If that leaves no pixel as dark as the
/// darkest was, because every line is thinner than a new pixel, all ink is made darker by the same
/// factor, so that thin lines do not vanish. A `side` of 0 gives nothing.
pub fn resampled(raster: &Raster, side: usize) -> Vec<u8> {
    let values = fitted(raster, side);
    let darkest = values.iter().copied().fold(0.0, f32::max);
    let longer = raster.width().max(raster.height());
    let before = raster.ink().iter().copied().max().unwrap_or(0);
    let gain = if longer > side && darkest > 0.0 { f32::from(before) / darkest } else { 1.0 };
    values.into_iter().map(|value| rounded(value * gain)).collect()
}

/// The whole picture in the middle of a square, its longer side as long as the square's.
pub(crate) fn fitted(raster: &Raster, side: usize) -> Vec<f32> {
    let longer = raster.width().max(raster.height());
    let span = |length: usize| PixelSpan {
        start: (length as f64 - longer as f64) / 2.0,
        length: longer as f64,
        pixels: 0..length,
    };
    resized(raster, &span(raster.width()), &span(raster.height()), side)
}

/// A value from 0 to 255 as ink.
pub(crate) fn rounded(value: f32) -> u8 {
    // A cast stays inside the range whatever the value.
    (value + 0.5) as u8
}

/// Weights of the old pixels whose mean is one new pixel.
struct TentFilter {
    first: usize,
    weights: Vec<f32>,
}

impl TentFilter {
    fn mean(&self, row: &[u8]) -> f32 {
        let pixels = &row[self.first..self.first + self.weights.len()];
        pixels.iter().zip(&self.weights).map(|(ink, weight)| f32::from(*ink) * weight).sum()
    }
}

fn tent_filters(span: &PixelSpan, count: usize) -> Vec<TentFilter> {
    let step = span.length / count as f64;
    let reach = step.max(1.0);
    let tent = |index: usize| {
        let middle = span.start + (index as f64 + 0.5) * step;
        let (low, high) = (span.pixels.start as f64, span.pixels.end as f64);
        if middle < low || middle > high {
            return TentFilter { first: span.pixels.start, weights: Vec::new() };
        }
        let first = (middle - reach + 0.5).max(low) as usize;
        let end = (middle + reach + 0.5).min(high) as usize;
        let weight = |pixel: usize| (1.0 - ((pixel as f64 + 0.5 - middle) / reach).abs()).max(0.0);
        let total: f64 = (first..end).map(weight).sum();
        TentFilter { first, weights: (first..end).map(|pixel| (weight(pixel) / total) as f32).collect() }
    };
    (0..count).map(tent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ink: &[u8]) -> Raster {
        Raster::new(ink.len(), 1, ink.to_vec()).unwrap()
    }

    fn close(values: &[f32], expected: &[f32]) -> bool {
        values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3)
    }

    /// Tents of half width 2 around 1 and around 3, less what lies outside.
    #[test]
    fn half_as_large() {
        let raster = Raster::new(4, 4, [[0, 70, 140, 0]; 4].concat()).unwrap();
        let values = resized(&raster, &PixelSpan::of(0..4), &PixelSpan::of(0..4), 2);
        let [left, right] = [(0.75 * 70.0 + 0.25 * 140.0) / 1.75, (0.25 * 70.0 + 0.75 * 140.0) / 1.75];
        assert!(close(&values, &[left, right, left, right]), "{values:?}");
    }

    #[test]
    fn twice_as_large() {
        let raster = Raster::new(2, 2, vec![0, 100, 0, 100]).unwrap();
        let values = resized(&raster, &PixelSpan::of(0..2), &PixelSpan::of(0..2), 4);
        assert!(close(&values, &[[0.0, 25.0, 75.0, 100.0]; 4].concat()), "{values:?}");
    }

    #[test]
    fn a_part_does_not_see_its_neighbors() {
        let raster = Raster::new(4, 4, [[200, 80, 80, 200]; 4].concat()).unwrap();
        let values = resized(&raster, &PixelSpan::of(1..3), &PixelSpan::of(0..4), 3);
        assert!(close(&values, &[80.0; 9]), "{values:?}");
    }

    #[test]
    fn the_same_size_is_the_same() {
        let ink: Vec<u8> = (0..=255).collect();
        let raster = Raster::new(16, 16, ink.clone()).unwrap();
        assert_eq!(resampled(&raster, 16), ink);
    }

    #[test]
    fn a_wide_picture_lies_in_the_middle() {
        assert_eq!(resampled(&row(&[255; 3]), 3), [0, 0, 0, 255, 255, 255, 0, 0, 0]);
        // Half a pixel above the middle of the square, and half a pixel below.
        let even = resampled(&row(&[255; 2]), 2);
        assert_eq!(even, [255; 4]);
    }

    #[test]
    fn thin_lines_stay_dark() {
        let mut ink = vec![0; 640 * 640];
        ink[320 * 640..321 * 640].fill(255);
        let small = resampled(&Raster::new(640, 640, ink).unwrap(), 20);
        assert!((0..20).all(|x| small.iter().skip(x).step_by(20).any(|ink| *ink > 250)), "{small:?}");
    }

    #[test]
    fn no_side_is_nothing() {
        assert!(resampled(&row(&[1]), 0).is_empty());
    }
}

use rand::{Rng, RngExt};

use super::raster::BilinearSampler;
use crate::published::{SHEET, mirrored};
use crate::resize::{PixelSpan, resized, rounded};
use crate::{Drawing, PublishedPreprocessing, Raster};

/// Most rotation to either side, in radians: 10 degrees.
const ROTATION: f32 = 10.0 * std::f32::consts::PI / 180.0;

impl PublishedPreprocessing {
    /// One training example: a random part of the sheet, 8 to 100 % of its area and between 3 : 4
    /// and 4 : 3 (uniform in area and in the logarithm of the ratio; after ten that do not fit, the
    /// whole), resized to the side; mirrored half of the time, if `flip` says so; turned by up to
    /// 10 degrees, with paper in the corners.
    pub fn random_crop(&self, drawing: &Drawing, flip: bool, rng: &mut impl Rng) -> Vec<u8> {
        let sheet = self.sheet(drawing);
        let [left, top, width, height] = part(rng);
        let (columns, rows) = (PixelSpan::of(left..left + width), PixelSpan::of(top..top + height));
        let mut ink: Vec<u8> =
            resized(&sheet, &columns, &rows, self.side()).into_iter().map(rounded).collect();
        if flip && rng.random() {
            ink = mirrored(&ink, self.side());
        }
        turned(ink, self.side(), (rng.random::<f32>() * 2.0 - 1.0) * ROTATION)
    }
}

/// Left, top, width and height of a random part of the sheet.
fn part(rng: &mut impl Rng) -> [usize; 4] {
    let area = (SHEET * SHEET) as f32;
    let widest = (4.0f32 / 3.0).ln();
    for _ in 0..10 {
        let target = area * (0.08 + 0.92 * rng.random::<f32>());
        let ratio = ((rng.random::<f32>() * 2.0 - 1.0) * widest).exp();
        let [width, height] = [target * ratio, target / ratio].map(|square| square.sqrt().round() as usize);
        if (1..=SHEET).contains(&width) && (1..=SHEET).contains(&height) {
            return [
                rng.random_range(0..=SHEET - width),
                rng.random_range(0..=SHEET - height),
                width,
                height,
            ];
        }
    }
    // The sheet is square, so its largest part in the middle of an allowed ratio is all of it.
    [0, 0, SHEET, SHEET]
}

/// The ink turned around the middle by an angle, and paper where there was none.
fn turned(ink: Vec<u8>, side: usize, angle: f32) -> Vec<u8> {
    let picture = BilinearSampler::new(&Raster::square(side, ink));
    let middle = (side as f32 - 1.0) / 2.0;
    let (sin, cos) = angle.sin_cos();
    let back = |at: usize| {
        let (x, y) = ((at % side) as f32 - middle, (at / side) as f32 - middle);
        [cos * x + sin * y + middle, cos * y - sin * x + middle]
    };
    (0..side * side).map(|at| picture.at(back(at))).collect()
}

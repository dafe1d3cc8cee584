use dabnet_graph::Canvas;
use rand::{Rng, RngExt};

use crate::lookup::Lookup;
use crate::resize::{Span, fitted, resized, rounded};
use crate::{Drawing, Raster, rasterize};

/// Side of the sheet that crops are cut from, in pixels.
const SHEET: usize = 256;
/// Most rotation to either side, in radians: 10 degrees.
const ROTATION: f32 = 10.0 * std::f32::consts::PI / 180.0;

/// The preprocessing that the published networks were trained and tested with (Prabhu et al.,
/// *Distribution-Aware Binarization of Neural Networks for Sketch Recognition*, WACV 2018).
///
/// A drawing becomes a sheet of 256 × 256 pixels: a raster is resized as a whole, and strokes are
/// drawn as [`Canvas::to_measure`] draws them. Training takes a random part of the sheet, testing
/// takes ten crops of it. All give `side × side` ink values, 0 paper and 255 ink; a raster has its
/// ink so already, where the published code inverts its pictures last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paper {
    /// Width and height of what a network sees, in pixels: 225 for Sketch-A-Net, 224 for the
    /// others. Taken as 1 to 256 whatever it says.
    pub side: usize,
    /// Whether training mirrors every other drawing left to right.
    pub flip: bool,
    /// Subtracted from every pixel, ink being 1.
    pub mean: f32,
    /// Divides every pixel after that.
    pub std: f32,
}

impl Paper {
    /// As published for TU-Berlin, with mirror images.
    pub fn tu_berlin(side: usize) -> Self {
        Self { side, flip: true, mean: 0.06, std: 0.93 }
    }

    /// As published for Sketchy, without.
    pub fn sketchy(side: usize) -> Self {
        Self { side, flip: false, mean: 0.0465, std: 0.9 }
    }

    /// The drawing on a sheet of 256 × 256 pixels, ready to be kept: a sheet's own sheet is itself.
    ///
    /// A raster that is not square is in the middle, with paper around it.
    pub fn sheet(&self, drawing: &Drawing) -> Raster {
        match drawing {
            Drawing::Raster(raster) if raster.width() == SHEET && raster.height() == SHEET => raster.clone(),
            Drawing::Raster(raster) => {
                Raster::square(SHEET, fitted(raster, SHEET).into_iter().map(rounded).collect())
            }
            Drawing::Picture(picture) => self.sheet(&Drawing::Raster(picture.to_raster())),
            Drawing::Strokes(_) => Raster::square(SHEET, rasterize(drawing, &Canvas::to_measure(SHEET))),
        }
    }

    /// One training example: a random part of the sheet, 8 to 100 % of its area and between 3 : 4
    /// and 4 : 3 (uniform in area and in the logarithm of the ratio; after ten that do not fit, the
    /// whole), resized to the side; mirrored or not; turned by up to 10 degrees, with paper in the
    /// corners.
    pub fn train(&self, drawing: &Drawing, rng: &mut impl Rng) -> Vec<u8> {
        let sheet = self.sheet(drawing);
        let [left, top, width, height] = part(rng);
        let (columns, rows) = (Span::of(left..left + width), Span::of(top..top + height));
        let mut ink: Vec<u8> =
            resized(&sheet, &columns, &rows, self.side()).into_iter().map(rounded).collect();
        if self.flip && rng.random() {
            ink = mirrored(&ink, self.side());
        }
        turned(ink, self.side(), (rng.random::<f32>() * 2.0 - 1.0) * ROTATION)
    }

    /// The middle of the sheet.
    pub fn centre(&self, drawing: &Drawing) -> Vec<u8> {
        let middle = (SHEET - self.side()).div_ceil(2);
        self.crop(&self.sheet(drawing), [middle, middle])
    }

    /// The crops that a test averages over ([`average_log_probabilities`]): top left, top right,
    /// bottom left, bottom right, the centre, and the mirror images of these five.
    pub fn ten_crop(&self, drawing: &Drawing) -> [Vec<u8>; 10] {
        let sheet = self.sheet(drawing);
        let (far, middle) = (SHEET - self.side(), (SHEET - self.side()).div_ceil(2));
        let places = [[0, 0], [far, 0], [0, far], [far, far], [middle, middle]];
        std::array::from_fn(|index| {
            let crop = self.crop(&sheet, places[index % places.len()]);
            if index < places.len() { crop } else { mirrored(&crop, self.side()) }
        })
    }

    /// What the network sees: `(ink − mean) / std` of each pixel, ink from 0 to 1.
    pub fn normalized(&self, ink: &[u8]) -> Vec<f32> {
        ink.iter().map(|ink| (f32::from(*ink) / 255.0 - self.mean) / self.std).collect()
    }

    fn side(&self) -> usize {
        self.side.clamp(1, SHEET)
    }

    fn crop(&self, sheet: &Raster, [left, top]: [usize; 2]) -> Vec<u8> {
        let rows = sheet.ink().chunks_exact(SHEET).skip(top).take(self.side());
        rows.flat_map(|row| &row[left..left + self.side()]).copied().collect()
    }
}

/// The mean over several views of a drawing of the logarithms of a softmax's outputs: the logits
/// of each view less the logarithm of the sum of their exponentials.
///
/// As long as the shortest view; empty where there is none.
pub fn average_log_probabilities(logits: &[Vec<f32>]) -> Vec<f32> {
    let classes = logits.iter().map(Vec::len).min().unwrap_or(0);
    let mut sums = vec![0.0f64; classes];
    for view in logits {
        let largest = view.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f64 = view.iter().map(|logit| f64::from(logit - largest).exp()).sum();
        // Less the largest first: where it is huge, the logarithm would be lost beside it.
        sums.iter_mut().zip(view).for_each(|(sum, logit)| *sum += f64::from(logit - largest) - total.ln());
    }
    sums.into_iter().map(|sum| (sum / logits.len() as f64) as f32).collect()
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

fn mirrored(ink: &[u8], side: usize) -> Vec<u8> {
    ink.chunks_exact(side).flat_map(|row| row.iter().rev()).copied().collect()
}

/// The ink turned around the middle by an angle, and paper where there was none.
fn turned(ink: Vec<u8>, side: usize, angle: f32) -> Vec<u8> {
    let picture = Lookup::new(&Raster::square(side, ink));
    let middle = (side as f32 - 1.0) / 2.0;
    let (sin, cos) = angle.sin_cos();
    let back = |at: usize| {
        let (x, y) = ((at % side) as f32 - middle, (at / side) as f32 - middle);
        [cos * x + sin * y + middle, cos * y - sin * x + middle]
    };
    (0..side * side).map(|at| picture.at(back(at))).collect()
}

use dabnet_graph::Canvas;

use crate::resize::{fitted, rounded};
use crate::{Drawing, Raster, rasterize};

/// Side of the sheet that crops are cut from, in pixels.
pub(crate) const SHEET: usize = 256;

/// The preprocessing that the published networks were trained and tested with (Prabhu et al.,
/// *Distribution-Aware Binarization of Neural Networks for Sketch Recognition*, WACV 2018).
///
/// A drawing becomes a sheet of 256 × 256 pixels: a raster is resized as a whole, and strokes are
/// drawn as [`Canvas::to_measure`] draws them. Training takes a random part of the sheet, testing
/// the middle, or ten crops. All give `side × side` ink values, 0 paper and 255 ink; a raster has its
/// ink so already, where the published code inverts its pictures last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedPreprocessing {
    side: usize,
}

impl PublishedPreprocessing {
    /// Parts of `side × side` pixels, from 1 to 256: 225 for Sketch-A-Net, 224 for the others.
    pub fn new(side: usize) -> Self {
        Self { side: side.clamp(1, SHEET) }
    }

    /// Width and height of what a network sees, in pixels.
    pub fn side(&self) -> usize {
        self.side
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

    /// The middle of the sheet.
    pub fn center_crop(&self, drawing: &Drawing) -> Vec<u8> {
        self.center_of_sheet(&self.sheet(drawing))
    }

    /// The middle of a sheet that is there.
    pub(crate) fn center_of_sheet(&self, sheet: &Raster) -> Vec<u8> {
        let middle = (SHEET - self.side).div_ceil(2);
        self.crop(sheet, [middle, middle])
    }

    /// Crops whose answers a test averages: top left, top right,
    /// bottom left, bottom right, the center, and the mirror images of these five.
    pub fn ten_crop(&self, drawing: &Drawing) -> [Vec<u8>; 10] {
        let sheet = self.sheet(drawing);
        let (far, middle) = (SHEET - self.side, (SHEET - self.side).div_ceil(2));
        let places = [[0, 0], [far, 0], [0, far], [far, far], [middle, middle]];
        std::array::from_fn(|index| {
            let crop = self.crop(&sheet, places[index % places.len()]);
            if index < places.len() { crop } else { mirrored(&crop, self.side) }
        })
    }

    fn crop(&self, sheet: &Raster, [left, top]: [usize; 2]) -> Vec<u8> {
        let rows = sheet.ink().chunks_exact(SHEET).skip(top).take(self.side);
        rows.flat_map(|row| &row[left..left + self.side]).copied().collect()
    }
}

/// The mirror image, left to right.
pub(crate) fn mirrored(ink: &[u8], side: usize) -> Vec<u8> {
    ink.chunks_exact(side).flat_map(|row| row.iter().rev()).copied().collect()
}

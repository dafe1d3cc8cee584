use crate::{Raster, otsu};

/// Longer side above which a raster is reduced before it is thinned.
const LARGEST: usize = 512;
/// Longer side below which a raster is enlarged, so that thin lines keep their place.
const SMALLEST: usize = 256;
/// More than this would only make blocks of single pixels.
const LARGEST_ZOOM: usize = 8;

/// The ink of a raster, thinned to lines of one pixel.
///
/// It has a border of one empty pixel all round, so that every ink pixel has eight neighbors.
pub(crate) struct Skeleton {
    pub width: usize,
    pub ink: Vec<bool>,
    /// Average width of the lines before thinning, in pixels of the skeleton.
    pub line_width: f32,
    /// Position in the raster of the first pixel inside the border.
    origin: [f32; 2],
    /// Raster pixels to one pixel of the skeleton.
    pub step: f32,
}

impl Skeleton {
    /// The skeleton of a raster, or nothing where there is no ink.
    pub(crate) fn of(raster: &Raster) -> Option<Self> {
        let threshold = threshold(raster.ink());
        let crop = InkBounds::of(raster, threshold)?;
        let longer = crop.width.max(crop.height);
        let mut skeleton = if longer > LARGEST {
            Self::reduced(raster, &crop, threshold, longer.div_ceil(LARGEST))
        } else {
            Self::enlarged(raster, &crop, threshold, (SMALLEST / longer).clamp(1, LARGEST_ZOOM))
        };
        let area = skeleton.area();
        skeleton.thin();
        skeleton.line_width = area as f32 / skeleton.area().max(1) as f32;
        Some(skeleton)
    }

    /// Returns the position of a pixel's center in the raster.
    pub(crate) fn position(&self, pixel: usize) -> [f32; 2] {
        let place = |index: usize, origin: f32| origin + (index as f32 - 0.5) * self.step;
        [place(pixel % self.width, self.origin[0]), place(pixel / self.width, self.origin[1])]
    }

    /// The eight neighbors of an ink pixel, clockwise from the one above.
    pub(crate) fn around(&self, pixel: usize) -> [usize; 8] {
        let w = self.width;
        [
            pixel - w,
            pixel - w + 1,
            pixel + 1,
            pixel + w + 1,
            pixel + w,
            pixel + w - 1,
            pixel - 1,
            pixel - w - 1,
        ]
    }

    fn area(&self) -> usize {
        self.ink.iter().filter(|ink| **ink).count()
    }

    fn blank(crop: &InkBounds, width: usize, height: usize, step: f32) -> Self {
        Self {
            width: width + 2,
            ink: vec![false; (width + 2) * (height + 2)],
            line_width: 0.0,
            origin: [crop.left as f32, crop.top as f32],
            step,
        }
    }

    /// Squares of `factor` pixels become one, inked where any of them is: a line thinner than
    /// the factor must not vanish.
    fn reduced(raster: &Raster, crop: &InkBounds, threshold: f32, factor: usize) -> Self {
        let (width, height) = (crop.width.div_ceil(factor), crop.height.div_ceil(factor));
        let mut out = Self::blank(crop, width, height, factor as f32);
        for y in 0..crop.height {
            let start = (crop.top + y) * raster.width() + crop.left;
            let row = &raster.ink()[start..start + crop.width];
            for (x, ink) in row.iter().enumerate() {
                if f32::from(*ink) > threshold {
                    out.ink[(y / factor + 1) * out.width + x / factor + 1] = true;
                }
            }
        }
        out
    }

    /// One pixel becomes a square of `factor`, interpolated before it is compared.
    fn enlarged(raster: &Raster, crop: &InkBounds, threshold: f32, factor: usize) -> Self {
        let (width, height) = (crop.width * factor, crop.height * factor);
        let mut out = Self::blank(crop, width, height, 1.0 / factor as f32);
        for y in 0..height {
            for x in 0..width {
                let at =
                    |index: usize, start: usize| start as f32 + (index as f32 + 0.5) / factor as f32 - 0.5;
                if interpolate(raster, at(x, crop.left), at(y, crop.top)) > threshold {
                    out.ink[(y + 1) * out.width + x + 1] = true;
                }
            }
        }
        out
    }

    /// Guo and Hall's thinning ("Parallel thinning with two-subiteration algorithms", 1989).
    ///
    /// Zhang and Suen's is better known, but erases squares of two by two and with them dots.
    fn thin(&mut self) {
        let mut left: Vec<usize> = (0..self.ink.len()).filter(|pixel| self.ink[*pixel]).collect();
        let mut doomed = Vec::new();
        let mut quiet = 0;
        let mut pass = 0;
        // Two passes without a change, one of each kind, and nothing can change any more.
        while quiet < 2 {
            doomed.extend(left.iter().copied().filter(|pixel| self.removable(*pixel, pass)));
            quiet = if doomed.is_empty() { quiet + 1 } else { 0 };
            for pixel in doomed.drain(..) {
                self.ink[pixel] = false;
            }
            left.retain(|pixel| self.ink[*pixel]);
            pass = 1 - pass;
        }
    }

    fn removable(&self, pixel: usize, pass: usize) -> bool {
        let [n, ne, e, se, s, sw, w, nw] = self.around(pixel).map(|other| self.ink[other]);
        let crossings = [!n && (ne || e), !e && (se || s), !s && (sw || w), !w && (nw || n)];
        if crossings.into_iter().filter(|crossing| *crossing).count() != 1 {
            return false;
        }
        let count = |pairs: [bool; 4]| pairs.into_iter().filter(|pair| *pair).count();
        let pairs =
            count([nw || n, ne || e, se || s, sw || w]).min(count([n || ne, e || se, s || sw, w || nw]));
        let keeps_side = if pass == 0 { (s || sw || !nw) && w } else { (n || ne || !se) && e };
        (2..=3).contains(&pairs) && !keeps_side
    }
}

/// The part of a raster that has ink.
struct InkBounds {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl InkBounds {
    fn of(raster: &Raster, threshold: f32) -> Option<Self> {
        let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
        for (y, row) in raster.ink().chunks_exact(raster.width()).enumerate() {
            let inked = |ink: &u8| f32::from(*ink) > threshold;
            let (Some(first), Some(last)) = (row.iter().position(inked), row.iter().rposition(inked)) else {
                continue;
            };
            left = left.min(first);
            right = right.max(last);
            top = top.min(y);
            bottom = y;
        }
        (top != usize::MAX).then(|| Self { left, top, width: right - left + 1, height: bottom - top + 1 })
    }
}

/// The value between paper and ink: half way between the means of the two classes that Otsu's
/// method finds.
fn threshold(ink: &[u8]) -> f32 {
    let classes = otsu::classes(ink.iter().copied());
    // With one value only there are no classes: everything that is not paper is ink.
    classes.map_or(0.5, |classes| f64::midpoint(classes.mean_below, classes.mean_above) as f32)
}

fn interpolate(raster: &Raster, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (fx, fy) = (x - left, y - top);
    let at = |dx: isize, dy: isize| f32::from(raster.at(left as isize + dx, top as isize + dy));
    let row = |dy: isize| at(0, dy) * (1.0 - fx) + at(1, dy) * fx;
    row(0) * (1.0 - fy) + row(1) * fy
}

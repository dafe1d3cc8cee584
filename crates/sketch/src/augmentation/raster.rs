use std::borrow::Cow;

use dabnet_graph::Canvas;
use rand::Rng;

use super::distortion::{AffineTransform, WaveDistortion};
use super::presets::Augmentation;
use super::stroke_removal::dropped;
use crate::placement::{CanvasPlacement, CropWindow};
use crate::resize::{resampled, rounded};
use crate::{Point, Raster};

/// A raster so much larger than it is shown is reduced before it is looked up: interpolation
/// between four pixels passes over others, and lines become uneven.
const LARGER: f32 = 1.25;
/// Pixels between the nodes of the grid on which the inverse mapping is evaluated.
const STEP: usize = 8;

impl Augmentation {
    /// Varies a raster without finding its lines: `side × side` ink values.
    ///
    /// The whole picture fills the canvas as [`resampled`] puts it there, whatever the canvas's
    /// margin; `flip`, `rotation`, `stretch`, `shear`, `warp`, `zoom`, `crop` and `line` then mean
    /// what they mean for strokes, and what they move beyond the edge is gone. Changes of single
    /// strokes (`drift`, `drop`, `remove`, `partial`, `bend`) have no effect. Lines are as wide as
    /// they are in the raster; `line` makes them wider or narrower by a part of the canvas's line
    /// width. The same raster and the same state of `rng` give the same pixels.
    ///
    /// A raster much larger than the canvas is reduced first, each time: keep a smaller one
    /// ([`Raster::reduced`]) where this is called often.
    pub fn raster(&self, raster: &Raster, canvas: &Canvas, rng: &mut impl Rng) -> Vec<u8> {
        let shape = self.shape(rng);
        let placement = self.placement(rng);
        self.shaped(raster, canvas, &shape, &placement)
    }

    /// Draws a random distortion of a raster.
    pub(crate) fn shape(&self, rng: &mut impl Rng) -> RasterDistortion {
        // There is nothing to drop, but the same seed then turns and bends strokes and pixels alike.
        dropped(&[], self.drop, rng);
        RasterDistortion {
            back: AffineTransform::new(self, rng).inverse(),
            wave: WaveDistortion::new(self.warp, rng),
        }
    }

    /// Ink of a raster of changed shape, the whole of it where the window shows none.
    pub(crate) fn shaped(
        &self,
        raster: &Raster,
        canvas: &Canvas,
        shape: &RasterDistortion,
        placement: &CanvasPlacement,
    ) -> Vec<u8> {
        let mut ink = shape.draw(raster, canvas.side, placement);
        if let Some(whole) = placement.whole()
            && ink.iter().all(|ink| *ink == 0)
        {
            ink = shape.draw(raster, canvas.side, &whole);
        }
        let wider = (placement.line - 1.0) * canvas.line_width * canvas.side as f32;
        if self.line == 0.0 { ink } else { thickened(&ink, canvas.side, wider) }
    }
}

/// The changes of a raster's shape.
pub(crate) struct RasterDistortion {
    /// From the changed shape back to that of the raster.
    back: AffineTransform,
    wave: WaveDistortion,
}

impl RasterDistortion {
    fn draw(&self, raster: &Raster, side: usize, placement: &CanvasPlacement) -> Vec<u8> {
        let source = reduced_for(raster, side, placement);
        let size = source.width().max(source.height()) as f32;
        let middle = [source.width(), source.height()].map(|length| length as f32 / 2.0);
        // From the canvas, around its middle and in units of its side, back to the raster.
        let back = |at: Point| {
            let at = self.wave.undo(self.back.apply(unplaced(at, placement)));
            [0, 1].map(|axis| at[axis] * size + middle[axis] - 0.5)
        };
        looked_up(&BilinearSampler::new(&source), side, back)
    }
}

impl Raster {
    /// The whole picture in a square of `side` pixels as [`resampled`] gives it, where it is larger
    /// than that, and else itself.
    pub fn reduced(&self, side: usize) -> Cow<'_, Self> {
        if self.width().max(self.height()) <= side || side == 0 {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self::square(side, resampled(self, side)))
    }
}

fn reduced_for<'a>(raster: &'a Raster, side: usize, placement: &CanvasPlacement) -> Cow<'a, Raster> {
    let enlarge = placement.window.map_or(1.0, |window| window.enlarge);
    let side = side as f32 * placement.zoom * enlarge;
    let longer = raster.width().max(raster.height()) as f32;
    if longer > LARGER * side { raster.reduced(side.ceil() as usize) } else { Cow::Borrowed(raster) }
}

/// Maps a position of the canvas to the one before zoom, shift and window.
fn unplaced(at: Point, placement: &CanvasPlacement) -> Point {
    let CropWindow { enlarge, at: place } =
        placement.window.unwrap_or(CropWindow { enlarge: 1.0, at: [0.0; 2] });
    [0, 1].map(|axis| {
        let placed = (at[axis] + place[axis] * (enlarge - 1.0) / 2.0) / enlarge;
        (placed - placement.shift[axis] * (1.0 - placement.zoom) / 2.0) / placement.zoom
    })
}

/// Each pixel of a canvas from where `back` says it comes from: exactly so on a grid, and between
/// its nodes by interpolation, as waves are long.
fn looked_up(source: &BilinearSampler, side: usize, back: impl Fn(Point) -> Point) -> Vec<u8> {
    let nodes = side.div_ceil(STEP) + 1;
    let place = |node: usize| ((node * STEP) as f32 + 0.5) / side as f32 - 0.5;
    let row_of = |row: usize| -> Vec<Point> { (0..nodes).map(|x| back([place(x), place(row)])).collect() };
    let mut ink = Vec::with_capacity(side * side);
    let (mut above, mut below) = (row_of(0), row_of(1));
    for y in 0..side {
        if y > 0 && y % STEP == 0 {
            above = below;
            below = row_of(y / STEP + 1);
        }
        let down = (y % STEP) as f32 / STEP as f32;
        let node = |x: usize| [0, 1].map(|axis| above[x][axis] + (below[x][axis] - above[x][axis]) * down);
        for x in (0..side).step_by(STEP) {
            let (from, to) = (node(x / STEP), node(x / STEP + 1));
            let step = [0, 1].map(|axis| (to[axis] - from[axis]) / STEP as f32);
            let pixels = (0..STEP.min(side - x)).map(|i| i as f32);
            ink.extend(pixels.map(|i| source.at([from[0] + step[0] * i, from[1] + step[1] * i])));
        }
    }
    ink
}

/// Lines made wider by so many pixels, or narrower if that is below 0; two at most.
///
/// The darkest or the lightest of a pixel and its four neighbors moves every edge by a pixel, and
/// with that a line's width by two; what is wanted is a part of it.
fn thickened(ink: &[u8], side: usize, wider: f32) -> Vec<u8> {
    // In 256ths, one at most for each pixel of the line's two; what is not a number is 0.
    let part = ((wider.abs() / 2.0).min(1.0) * 256.0) as i32;
    if wider > 0.0 { blended(ink, side, part, u8::max) } else { blended(ink, side, part, u8::min) }
}

/// Each pixel with a part of what `extreme` makes of it and its four neighbors.
fn blended(ink: &[u8], side: usize, part: i32, extreme: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    // Paper all round, so that every pixel has its neighbors.
    let width = side + 2;
    let mut paper = vec![0; width * width];
    for (row, from) in paper.chunks_exact_mut(width).skip(1).zip(ink.chunks_exact(side)) {
        row[1..=side].copy_from_slice(from);
    }
    let mut out = vec![0; side * side];
    for (y, out) in out.chunks_exact_mut(side).enumerate() {
        let row = |y: usize, x: usize| &paper[y * width + x..y * width + x + side];
        let (middle, left, right) = (row(y + 1, 1), row(y + 1, 0), row(y + 1, 2));
        let (above, below) = (row(y, 1), row(y + 2, 1));
        for x in 0..side {
            let beside = extreme(extreme(left[x], right[x]), extreme(above[x], below[x]));
            let from = i32::from(middle[x]);
            let to = i32::from(extreme(beside, middle[x]));
            out[x] = (from + (((to - from) * part + 128) >> 8)) as u8;
        }
    }
    out
}

/// A raster with paper around it, to be looked up anywhere.
pub(super) struct BilinearSampler {
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

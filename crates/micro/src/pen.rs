//! Drawing of strokes, pixel for pixel as `dabnet-sketch` draws them.

use crate::{ImageError, format::header, image::Image};

/// Pixels from the corner of the canvas at which a line is left out, as the squares of its numbers would overflow.
const FAR: f32 = 1e15;

/// Squared distances of all pixels to the nearest line, drawn so far with a round pen.
pub(crate) struct Pen<'a, 'm> {
    image: Image<'a>,
    side: usize,
    /// Distance from the middle of a line beyond which no pixel has ink.
    reach: f32,
    distances: &'m mut [u32],
}

/// From the drawing's units to pixels.
struct Placement {
    scale: f64,
    middle: [f64; 2],
    center: f64,
}

impl<'a, 'm> Pen<'a, 'm> {
    /// Takes an empty sheet of paper.
    pub(crate) fn new(image: Image<'a>, memory: &'m mut [u32]) -> Result<Self, ImageError> {
        let side = image.extent(header::SIDE).ok_or(ImageError::Damaged)?;
        if image.word(header::PEN) == Some(0) || image.word(header::CHANNELS) != Some(1) {
            return Err(ImageError::NoLines);
        }
        let what = ImageError::TooShort { what: "memory", needed: side * side };
        let distances = memory.get_mut(..side * side).ok_or(what)?;
        distances.fill(f32::INFINITY.to_bits());
        let width = image.float(header::LINE_WIDTH).ok_or(ImageError::Damaged)?;
        Ok(Self { image, side, reach: width / 2.0 + 0.5, distances })
    }

    /// Draws strokes in the middle, as large as they fit.
    pub(crate) fn draw<S, P>(&mut self, strokes: S) -> Option<()>
    where
        S: IntoIterator<Item = P> + Clone,
        P: IntoIterator<Item = [f32; 2]>,
    {
        let Some(placement) = Placement::new(self.image, self.side, strokes.clone())? else {
            return Some(());
        };
        for stroke in strokes {
            let mut from = None;
            for to in stroke.into_iter().filter(is_drawable) {
                let to = placement.apply(to);
                self.line(from.unwrap_or(to), to);
                from = Some(to);
            }
        }
        Some(())
    }

    /// Draws a straight line, always the same way up, so that rounding does not depend on how it was drawn.
    fn line(&mut self, a: [f32; 2], b: [f32; 2]) {
        if !a.iter().chain(&b).all(|coordinate| coordinate.abs() < FAR) {
            return;
        }
        let (from, to) = if (a[1], a[0]) <= (b[1], b[0]) { (a, b) } else { (b, a) };
        let way = [to[0] - from[0], to[1] - from[1]];
        let length = way[0] * way[0] + way[1] * way[1];
        let inverse = if length > f32::MIN_POSITIVE { way.map(|part| part / length) } else { [0.0; 2] };
        let slope = if way[1] > 0.0 { way[0] / way[1] } else { 0.0 };
        for row in pixels(from[1] - self.reach, from[1] + way[1] + self.reach, self.side) {
            let y = row as f32 + 0.5;
            let ends = if way[1] > 0.0 {
                [y - self.reach, y + self.reach].map(|y| (y - from[1]).clamp(0.0, way[1]) * slope)
            } else {
                [0.0, way[0]]
            };
            let (left, right) = (from[0] + ends[0].min(ends[1]), from[0] + ends[0].max(ends[1]));
            for column in pixels(left - self.reach, right + self.reach, self.side) {
                let (x, y) = (column as f32 + 0.5 - from[0], y - from[1]);
                let along = (x * inverse[0] + y * inverse[1]).clamp(0.0, 1.0);
                let (x, y) = (x - along * way[0], y - along * way[1]);
                let kept = &mut self.distances[row * self.side + column];
                *kept = (x * x + y * y).min(f32::from_bits(*kept)).to_bits();
            }
        }
    }

    /// Ink of every pixel: the number of squared distances in the image's table that it is nearer than.
    pub(crate) fn ink(&self, ink: &mut [u8]) -> Option<()> {
        let table = self.image.slice(self.image.index(header::PEN)?, 255)?;
        for (ink, distance) in ink.get_mut(..self.distances.len())?.iter_mut().zip(&*self.distances) {
            // Floats that are not negative are in the order of their bits.
            *ink = table.partition_point(|least| distance < least) as u8;
        }
        Some(())
    }
}

impl Placement {
    /// Puts the strokes' bounding box inside the margin together with half a line's width, its aspect kept; none where
    /// there is no point to draw.
    fn new<S, P>(image: Image<'_>, side: usize, strokes: S) -> Option<Option<Self>>
    where
        S: IntoIterator<Item = P>,
        P: IntoIterator<Item = [f32; 2]>,
    {
        let points = strokes.into_iter().flat_map(|stroke| stroke.into_iter().filter(is_drawable));
        let points = points.map(|point| point.map(f64::from));
        let bounds = points.fold(None, |bounds, [x, y]| {
            let [low, high] = bounds.unwrap_or([[x, y]; 2]);
            Some([[f64::min(low[0], x), f64::min(low[1], y)], [f64::max(high[0], x), f64::max(high[1], y)]])
        });
        let Some([low, high]) = bounds else { return Some(None) };
        let (side, line) = (side as f64, f64::from(image.float(header::LINE_WIDTH)?));
        let margin = f64::from(image.float(header::MARGIN)?);
        let room = f64::max(side * (1.0 - 2.0 * margin) - line, (side - line) / 4.0);
        let extent = f64::max(0.0, f64::max(high[0] - low[0], high[1] - low[1]));
        Some(Some(Self {
            scale: if extent > 0.0 { room / extent } else { 0.0 },
            middle: [0, 1].map(|axis| f64::midpoint(low[axis], high[axis])),
            center: side / 2.0,
        }))
    }

    fn apply(&self, point: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| ((f64::from(point[axis]) - self.middle[axis]) * self.scale + self.center) as f32)
    }
}

fn is_drawable(point: &[f32; 2]) -> bool {
    point.iter().all(|coordinate| coordinate.is_finite())
}

/// The pixels, of those from 0 to `side`, that lie between two positions wholly or in part.
fn pixels(from: f32, to: f32, side: usize) -> core::ops::Range<usize> {
    (from as i32).max(0) as usize..((to as i32).saturating_add(1).max(0) as usize).min(side)
}

use dabnet_graph::Canvas;
use wide::f32x8;

use crate::placement::{CanvasPlacement, CanvasTransform};
use crate::{Drawing, Point, Stroke};

/// Draws a drawing on a canvas: `side × side` ink values, row by row, 0 paper and 255 ink.
///
/// The drawing's bounding box is fitted into the middle of the canvas, its aspect kept, so that
/// its lines, with their width, stay inside the margin. Lines have round ends and corners; a stroke
/// of one point is a dot. A raster is turned into lines first ([`Drawing::to_strokes`]), so that it
/// looks the same whatever its own size and line width.
///
/// A pixel's ink is that of the nearest line, whatever else passes near: the part of a square of one
/// pixel that the line would cover if it were straight and level there. Its arithmetic is plain, so that the
/// same strokes give the same pixels on every machine.
///
/// The canvas is taken to be [valid](Canvas::validate). Points that are not finite are left
/// out; a drawing without ink leaves the paper empty.
///
/// ```
/// use dabnet_graph::Canvas;
/// use dabnet_sketch::{Drawing, Stroke, rasterize};
///
/// let line = Drawing::Strokes(vec![Stroke::new(vec![[0.0, 0.0], [3.0, 4.0]])]);
/// let ink = rasterize(&line, &Canvas::to_measure(64));
/// assert!(ink.len() == 64 * 64 && ink.iter().any(|ink| *ink > 0));
/// ```
pub fn rasterize(drawing: &Drawing, canvas: &Canvas) -> Vec<u8> {
    draw(&drawing.to_strokes(), canvas, &CanvasPlacement::FITTED)
}

/// Draws strokes where a placement puts them.
pub(crate) fn draw(strokes: &[Stroke], canvas: &Canvas, placement: &CanvasPlacement) -> Vec<u8> {
    let mut field = DistanceField::new(canvas.side, placement.line_width(canvas));
    if let Some(fit) = CanvasTransform::new(strokes, canvas, placement) {
        for stroke in strokes {
            field.draw_stroke(stroke, |point| fit.apply(point), ());
        }
    }
    field.ink()
}

/// Pixels computed at once.
const LANES: usize = 8;

/// Pixels from the corner of the canvas at which a line is left out, as the squares of its numbers would overflow.
const FAR: f32 = 1e15;

/// The number to which others are added to be rounded alike on every machine: 2²³, from which on floats are
/// whole, their units in the lowest bits.
const UNITS: f32 = 8_388_608.0;

/// Squared distances of the pixels of a square to the nearest of the lines drawn, and so the ink of a round pen.
///
/// Every pixel keeps a mark `T` of its nearest line, too: `()` for none, or whatever is to be known of a line
/// where its ink is read.
pub(crate) struct DistanceField<T> {
    side: usize,
    /// Pixels from one row to the next: whole blocks, and one more, as lines are drawn in blocks of pixels too.
    stride: usize,
    /// Distance from the middle of a line beyond which no pixel has ink.
    reach: f32,
    width: f32,
    /// Squared.
    distances: Vec<f32>,
    marks: Vec<T>,
}

impl<T: Copy + Default> DistanceField<T> {
    /// A field of `side × side` pixels without lines, and a pen of `width` pixels.
    pub(crate) fn new(side: usize, width: f32) -> Self {
        let stride = side.next_multiple_of(LANES) + LANES;
        let (distances, marks) = (vec![f32::INFINITY; side * stride], vec![T::default(); side * stride]);
        Self { side, stride, reach: width / 2.0 + 0.5, width, distances, marks }
    }

    /// Draws a stroke, its points where `place` puts them, in pixels.
    pub(crate) fn draw_stroke(&mut self, stroke: &Stroke, place: impl Fn(Point) -> Point, mark: T) {
        let mut from = None;
        for to in stroke.drawable().map(place) {
            self.draw_line(from.unwrap_or(to), to, mark);
            from = Some(to);
        }
    }

    /// Draws a straight line between two points, in pixels.
    pub(crate) fn draw_line(&mut self, from: Point, to: Point, mark: T) {
        if !from.iter().chain(&to).all(|coordinate| coordinate.abs() < FAR) {
            return;
        }
        let line = LineSegment::new(from, to);
        for row in pixels(line.top() - self.reach, line.bottom() + self.reach, self.side) {
            let y = row as f32 + 0.5;
            let [left, right] = line.extent(y - self.reach, y + self.reach);
            for column in pixels(left - self.reach, right + self.reach, self.side).step_by(LANES) {
                let squares = line.squared_distances([column as f32 + 0.5, y]);
                self.keep(row * self.stride + column, squares, mark);
            }
        }
    }

    /// Keeps the squares of a block of pixels that are smaller than what was there.
    fn keep(&mut self, at: usize, squares: f32x8, mark: T) {
        let kept: &mut [f32; LANES] = self.distances[at..].first_chunk_mut().expect("rows end with a block");
        let before = f32x8::new(*kept);
        *kept = squares.fast_min(before).to_array();
        if size_of::<T>() > 0 {
            let nearer = squares.simd_lt(before).to_bitmask();
            let marks = self.marks[at..at + LANES].iter_mut().enumerate();
            marks.filter(|(lane, _)| nearer >> lane & 1 == 1).for_each(|(_, kept)| *kept = mark);
        }
    }

    /// The mark of the nearest line of every pixel, `side × side`; of one that no line is near, the default.
    pub(crate) fn marks(&self) -> impl Iterator<Item = T> {
        self.marks.chunks_exact(self.stride).flat_map(|row| row[..self.side].iter().copied())
    }

    /// Ink of every pixel, `side × side`.
    pub(crate) fn ink(&self) -> Vec<u8> {
        let (reach, furthest) = (f32x8::splat(self.reach), f32x8::splat(self.reach * self.reach));
        // A line thinner than a pixel fills none.
        let (none, most) = (f32x8::ZERO, f32x8::splat(self.width.min(1.0)));
        let mut pixels = vec![0; self.side * self.side];
        let rows = pixels.chunks_exact_mut(self.side).zip(self.distances.chunks_exact(self.stride));
        for (row, squares) in rows {
            for (ink, squares) in row.chunks_mut(LANES).zip(squares.as_chunks::<LANES>().0) {
                let squares = f32x8::new(*squares);
                if squares.simd_lt(furthest).any() {
                    let covered = (reach - squares.sqrt()).fast_min(most).fast_max(none);
                    let levels = (covered * f32x8::splat(255.0) + f32x8::splat(UNITS)).to_array();
                    ink.iter_mut().zip(levels).for_each(|(ink, level)| *ink = level.to_bits() as u8);
                }
            }
        }
        pixels
    }
}

/// A straight line, always the same way up, so that rounding does not depend on how it was drawn.
struct LineSegment {
    /// The upper end.
    from: Point,
    /// The way to the lower end.
    way: [f32; 2],
    /// `way` divided by its squared length; 0 for a dot.
    inverse: [f32; 2],
    /// Pixels to the right for each one down; 0 for a level line.
    slope: f32,
}

impl LineSegment {
    fn new(a: Point, b: Point) -> Self {
        let (from, to) = if (a[1], a[0]) <= (b[1], b[0]) { (a, b) } else { (b, a) };
        let way @ [x, y] = [to[0] - from[0], to[1] - from[1]];
        let length = x * x + y * y;
        let inverse = if length > f32::MIN_POSITIVE { way.map(|part| part / length) } else { [0.0; 2] };
        Self { from, way, inverse, slope: if y > 0.0 { x / y } else { 0.0 } }
    }

    fn top(&self) -> f32 {
        self.from[1]
    }

    fn bottom(&self) -> f32 {
        self.from[1] + self.way[1]
    }

    /// The least and the greatest x of the part of the line between two heights.
    fn extent(&self, top: f32, bottom: f32) -> [f32; 2] {
        let [x, height] = self.way;
        let ends = match height > 0.0 {
            true => [top, bottom].map(|y| (y - self.from[1]).clamp(0.0, height) * self.slope),
            false => [0.0, x],
        };
        [self.from[0] + ends[0].min(ends[1]), self.from[0] + ends[0].max(ends[1])]
    }

    /// Squared distances of a block of pixels, the middle of the first of which is given.
    fn squared_distances(&self, [x, y]: Point) -> f32x8 {
        let x = f32x8::splat(x - self.from[0]) + f32x8::new([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let y = y - self.from[1];
        let along = x * f32x8::splat(self.inverse[0]) + f32x8::splat(y * self.inverse[1]);
        let along = along.fast_max(f32x8::ZERO).fast_min(f32x8::ONE);
        let (x, y) =
            (x - along * f32x8::splat(self.way[0]), f32x8::splat(y) - along * f32x8::splat(self.way[1]));
        x * x + y * y
    }
}

/// The pixels, of those from 0 to `side`, that lie between two positions wholly or in part.
fn pixels(from: f32, to: f32, side: usize) -> std::ops::Range<usize> {
    // Cutting off what is behind the point is the rounding that is quick on every machine.
    (from as i32).max(0) as usize..((to as i32).saturating_add(1).max(0) as usize).min(side)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ink of one pixel, from its distance to every line in double precision.
    fn expected(lines: &[[Point; 2]], width: f64, [column, row]: [usize; 2]) -> f64 {
        let pixel = [column as f64 + 0.5, row as f64 + 0.5];
        let distance = |[a, b]: &[Point; 2]| {
            let [a, b] = [a, b].map(|point| point.map(f64::from));
            let way = [b[0] - a[0], b[1] - a[1]];
            let from = [pixel[0] - a[0], pixel[1] - a[1]];
            let length = way[0] * way[0] + way[1] * way[1];
            let along = (from[0] * way[0] + from[1] * way[1]) / length;
            let along = if length > 0.0 { along.clamp(0.0, 1.0) } else { 0.0 };
            (from[0] - along * way[0]).hypot(from[1] - along * way[1])
        };
        let covered = |distance: f64| (width / 2.0 + 0.5 - distance).clamp(0.0, width.min(1.0));
        lines.iter().map(|line| covered(distance(line))).fold(0.0, f64::max) * 255.0
    }

    fn drawn(lines: &[[Point; 2]], side: usize, width: f32) -> DistanceField<usize> {
        let mut field = DistanceField::new(side, width);
        lines.iter().enumerate().for_each(|(mark, [from, to])| field.draw_line(*from, *to, mark));
        field
    }

    fn any_lines() -> impl Strategy<Value = Vec<[Point; 2]>> {
        // Positions on the grid too, for level, upright and empty lines.
        let place = prop_oneof![-8f32..48.0, (-2i8..42).prop_map(f32::from), -2e3f32..2e3];
        prop::collection::vec(prop::array::uniform2(prop::array::uniform2(place)), 1..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn ink_is_what_the_nearest_line_covers(lines in any_lines(), side in 8usize..42, width in 0.1f32..9.0) {
            let ink = drawn(&lines, side, width).ink();
            for (at, ink) in ink.iter().enumerate() {
                let expected = expected(&lines, f64::from(width), [at % side, at / side]);
                prop_assert!((f64::from(*ink) - expected).abs() < 0.6, "pixel {at}: {ink}, not {expected}");
            }
        }

        #[test]
        fn order_and_direction_do_not_matter(lines in any_lines(), width in 0.1f32..9.0) {
            let backward: Vec<_> = lines.iter().rev().map(|[from, to]| [*to, *from]).collect();
            prop_assert_eq!(drawn(&lines, 40, width).ink(), drawn(&backward, 40, width).ink());
        }

        #[test]
        fn any_numbers_are_drawn(lines in prop::collection::vec(any::<[Point; 2]>(), 1..6), width in 0.0f32..20.0) {
            prop_assert_eq!(drawn(&lines, 40, width).ink().len(), 1600);
        }
    }

    #[test]
    fn ink_has_the_mark_of_the_nearest_line() {
        let field = drawn(&[[[4.0, 2.0], [4.0, 30.0]], [[28.0, 2.0], [28.0, 30.0]]], 32, 6.0);
        let (ink, marks) = (field.ink(), &field.marks);
        for (at, _) in ink.iter().enumerate().filter(|(_, ink)| **ink > 0) {
            assert_eq!(marks[at / 32 * field.stride + at % 32], usize::from(at % 32 > 16), "pixel {at}");
        }
    }
}

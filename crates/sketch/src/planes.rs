//! Drawing into several channels: a plane of ink for each kind of line.

use dabnet_graph::{Canvas, Channels};

use crate::placement::{CanvasPlacement, CanvasTransform};
use crate::rasterize::{DistanceField, draw};
use crate::{Point, Stroke};

/// The mark of lines that are in no plane but the whole.
const NONE: u8 = u8::MAX;

/// Parts of a drawing that [`Channels::Order`] tells apart.
const PARTS: usize = 3;

/// The tangent of 22.5 degrees: half the angle from one direction to the next.
const HALF_ANGLE: f32 = std::f32::consts::SQRT_2 - 1.0;

/// Draws strokes where a placement puts them: `side × side` ink values for each channel, one after another.
pub(crate) fn draw_planes(
    strokes: &[Stroke],
    canvas: &Canvas,
    placement: &CanvasPlacement,
    channels: Channels,
) -> Vec<u8> {
    if channels == Channels::Ink {
        return draw(strokes, canvas, placement);
    }
    let mut field = DistanceField::new(canvas.side, placement.line_width(canvas));
    if let Some(fit) = CanvasTransform::new(strokes, canvas, placement) {
        let placed = |stroke: &Stroke| stroke.drawable().map(|point| fit.apply(point)).collect();
        let placed: Vec<Vec<Point>> = strokes.iter().map(placed).collect();
        if channels == Channels::Order {
            in_order(&placed, |from, to, part| field.draw_line(from, to, part));
        } else {
            for [from, to] in placed.iter().flat_map(|points| lines(points)) {
                field.draw_line(from, to, direction(from, to));
            }
        }
    }
    let pixels = canvas.side * canvas.side;
    let mut planes = field.ink();
    planes.resize(channels.count() * pixels, 0);
    for (at, mark) in field.marks().enumerate().filter(|(_, mark)| *mark != NONE) {
        planes[(1 + usize::from(mark)) * pixels + at] = planes[at];
    }
    planes
}

/// Ink of varied strokes, the whole of them where the window shows none.
pub(crate) fn draw_visible(
    strokes: &[Stroke],
    canvas: &Canvas,
    placement: &CanvasPlacement,
    channels: Channels,
) -> Vec<u8> {
    let ink = draw_planes(strokes, canvas, placement, channels);
    match placement.whole() {
        Some(whole) if ink.iter().all(|ink| *ink == 0) => draw_planes(strokes, canvas, &whole, channels),
        _ => ink,
    }
}

/// Straight lines of a stroke; one from a point to itself where it is a dot.
fn lines(points: &[Point]) -> impl Iterator<Item = [Point; 2]> {
    let dot = match points {
        [point] => Some([*point, *point]),
        _ => None,
    };
    dot.into_iter().chain(points.windows(2).map(|ends| [ends[0], ends[1]]))
}

/// Shows `draw` every line with the third of the drawing's length that it is in, cut where one ends.
fn in_order(strokes: &[Vec<Point>], mut draw: impl FnMut(Point, Point, u8)) {
    let all = || strokes.iter().flat_map(|points| lines(points));
    let total: f64 = all().map(length).sum();
    let end = |part: usize| total * (part + 1) as f64 / PARTS as f64;
    let (mut part, mut drawn) = (0, 0.0);
    for [mut from, to] in all() {
        let mut rest = length([from, to]);
        while part + 1 < PARTS && drawn + rest > end(part) {
            let share = ((end(part) - drawn) / rest).clamp(0.0, 1.0);
            let cut = [0, 1].map(|axis| {
                (f64::from(from[axis]) + share * (f64::from(to[axis]) - f64::from(from[axis]))) as f32
            });
            if share > 0.0 {
                draw(from, cut, part as u8);
            }
            (from, rest, drawn) = (cut, rest * (1.0 - share), end(part));
            part += 1;
        }
        draw(from, to, part as u8);
        drawn += rest;
    }
}

/// In double precision and by a square root, which is the same on every machine.
fn length([from, to]: [Point; 2]) -> f64 {
    let way = [0, 1].map(|axis| f64::from(to[axis]) - f64::from(from[axis]));
    (way[0] * way[0] + way[1] * way[1]).sqrt()
}

/// The direction nearest to a line's: level, rising to the right, upright, falling to the right; none of a dot's.
fn direction(from: Point, to: Point) -> u8 {
    let [x, y] = [to[0] - from[0], to[1] - from[1]];
    if x == 0.0 && y == 0.0 {
        NONE
    } else if y.abs() <= HALF_ANGLE * x.abs() {
        0
    } else if x.abs() <= HALF_ANGLE * y.abs() {
        2
    } else if (x > 0.0) == (y > 0.0) {
        3
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rasterize::draw;

    fn canvas(side: usize) -> Canvas {
        Canvas { side, line_width: 0.05, margin: 0.05, mean: 0.0, std: 1.0 }
    }

    fn planes(strokes: &[Stroke], side: usize, channels: Channels) -> Vec<Vec<u8>> {
        let planes = draw_planes(strokes, &canvas(side), &CanvasPlacement::FITTED, channels);
        assert_eq!(planes.len(), channels.count() * side * side);
        planes.chunks(side * side).map(<[u8]>::to_vec).collect()
    }

    fn any_strokes() -> impl Strategy<Value = Vec<Stroke>> {
        let point = prop::array::uniform2(-100f32..100.0);
        prop::collection::vec(prop::collection::vec(point, 1..6).prop_map(Stroke::new), 1..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Every pixel of ink is in one plane beside the whole, dots in none where direction counts.
        #[test]
        fn planes_are_parts_of_the_whole(strokes in any_strokes(), side in 16usize..40) {
            for channels in [Channels::Order, Channels::Direction] {
                let planes = planes(&strokes, side, channels);
                for (at, ink) in planes[0].iter().enumerate() {
                    let parts: u32 = planes[1..].iter().map(|plane| u32::from(plane[at])).sum();
                    prop_assert!(parts == u32::from(*ink) || (parts == 0 && channels == Channels::Direction));
                }
            }
        }

        /// A cut line is the line, but for rounding.
        #[test]
        fn the_whole_is_what_is_drawn_without_planes(strokes in any_strokes(), side in 16usize..40) {
            let whole = draw(&strokes, &canvas(side), &CanvasPlacement::FITTED);
            for channels in [Channels::Direction, Channels::Order] {
                for (ink, whole) in planes(&strokes, side, channels)[0].iter().zip(&whole) {
                    prop_assert!(ink.abs_diff(*whole) <= 1);
                }
            }
        }

        #[test]
        fn thirds_are_as_long_as_each_other(strokes in any_strokes()) {
            let points: Vec<Vec<Point>> = strokes.iter().map(|stroke| stroke.points.clone()).collect();
            let mut lengths = [0.0; PARTS];
            let mut last = 0;
            in_order(&points, |from, to, part| {
                assert!(part >= last);
                last = part;
                lengths[usize::from(part)] += length([from, to]);
            });
            let total: f64 = lengths.iter().sum();
            for part in lengths {
                prop_assert!((part - total / 3.0).abs() < 1e-4 * total.max(1.0), "{lengths:?}");
            }
        }
    }

    #[test]
    fn order_is_by_length() {
        // A level line of three quarters of the whole, and then an upright one.
        let strokes =
            [Stroke::new(vec![[0.0, 0.0], [90.0, 0.0]]), Stroke::new(vec![[0.0, 0.0], [0.0, 30.0]])];
        let planes = planes(&strokes, 48, Channels::Order);
        let columns = |plane: &[u8]| {
            let inked = (0..plane.len()).filter(|at| plane[*at] > 0).map(|at| at % 48);
            [inked.clone().min().unwrap(), inked.max().unwrap()]
        };
        let [first, second, third] = [1, 2, 3].map(|plane| columns(&planes[plane]));
        assert!(first[1] < 26 && second[0] > 18, "{first:?} {second:?}");
        // The last third is the end of the level line and all of the upright one.
        assert!(third[0] < 5 && third[1] > 40, "{third:?}");
    }

    #[test]
    fn directions_are_told_apart_however_they_are_drawn() {
        for (to, expected) in [([9.0, 1.0], 0), ([5.0, -4.0], 1), ([1.0, 9.0], 2), ([5.0, 4.0], 3)] {
            assert_eq!(direction([0.0; 2], to), expected);
            assert_eq!(direction(to, [0.0; 2]), expected);
        }
        assert_eq!(direction([1.0; 2], [1.0; 2]), NONE);
        let dot = planes(&[Stroke::new(vec![[3.0, 3.0]])], 32, Channels::Direction);
        assert!(dot[0].iter().any(|ink| *ink > 0) && dot[1..].iter().flatten().all(|ink| *ink == 0));
    }
}

use crate::{Point, Stroke};

/// The strokes up to a share of their length in all; the stroke that reaches it is cut there.
/// Something to draw stays, if only the first point.
pub(super) fn beginning(strokes: &[Stroke], share: f32) -> Vec<Stroke> {
    let mut left = f64::from(share) * strokes.iter().map(length).sum::<f64>();
    let mut kept: Vec<Stroke> = Vec::new();
    for stroke in strokes.iter().filter(|stroke| stroke.drawable().next().is_some()) {
        if left <= 0.0 && !kept.is_empty() {
            break;
        }
        kept.push(cut(stroke, left));
        left -= length(stroke);
    }
    kept
}

/// A stroke up to a length.
fn cut(stroke: &Stroke, mut left: f64) -> Stroke {
    let mut points: Vec<Point> = Vec::new();
    for to in stroke.drawable() {
        let Some(from) = points.last().copied() else {
            points.push(to);
            continue;
        };
        let step = distance(from, to);
        if step > left {
            points.push(between(from, to, left.max(0.0) / step));
            break;
        }
        points.push(to);
        left -= step;
    }
    Stroke::new(points)
}

/// The length of the line through the points that can be drawn. In f64, so that it is finite.
pub(super) fn length(stroke: &Stroke) -> f64 {
    let points: Vec<Point> = stroke.drawable().collect();
    points.windows(2).map(|ends| distance(ends[0], ends[1])).sum()
}

pub(super) fn distance(from: Point, to: Point) -> f64 {
    (f64::from(to[0]) - f64::from(from[0])).hypot(f64::from(to[1]) - f64::from(from[1]))
}

/// The point at a share of the way.
pub(super) fn between(from: Point, to: Point, share: f64) -> Point {
    [0, 1].map(|axis| {
        let (from, to) = (f64::from(from[axis]), f64::from(to[axis]));
        (from + (to - from) * share) as f32
    })
}

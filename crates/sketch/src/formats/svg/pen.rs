//! The lines of an SVG's shapes as strokes.

use usvg::tiny_skia_path::{PathSegment, Point, Transform};

use super::marks::{VisibleContent, VisibleShape};
use crate::Stroke;
use crate::formats::MAX_POINTS;

/// A curve's lines stay this close to it, as a fraction of the picture's longer side.
const TOLERANCE: f32 = 1.0 / 2048.0;

/// Follows what is shown.
#[derive(Default)]
pub(super) struct PathTracer {
    pub strokes: Vec<Stroke>,
    points: usize,
    tolerance: f32,
}

impl PathTracer {
    pub(crate) fn new(shown: &VisibleContent<'_>) -> Self {
        let longer = shown.bounds.map_or(0.0, |bounds| bounds.width().max(bounds.height()));
        Self { tolerance: longer * TOLERANCE, ..Self::default() }
    }

    /// The lines of a shape, or the dot that it is.
    pub(crate) fn mark(&mut self, mark: &VisibleShape<'_>) -> Result<(), String> {
        if mark.is_line() {
            return self.path(mark.path);
        }
        let [x, y] = mark.middle();
        self.strokes.push(Stroke::default());
        self.line_to(Point::from_xy(x, y))
    }

    fn path(&mut self, path: &usvg::Path) -> Result<(), String> {
        let mut at = Point::zero();
        let mut start = at;
        for segment in path.data().segments() {
            let segment = transformed(segment, path.abs_transform());
            match segment {
                PathSegment::MoveTo(to) => {
                    self.strokes.push(Stroke::default());
                    self.line_to(to)?;
                    (start, at) = (to, to);
                    continue;
                }
                PathSegment::LineTo(to) => self.line_to(to)?,
                PathSegment::QuadTo(by, to) => self.curve(&[at, by, to], |t| quadratic(at, by, to, t))?,
                PathSegment::CubicTo(a, b, to) => self.curve(&[at, a, b, to], |t| cubic(at, a, b, to, t))?,
                PathSegment::Close => self.line_to(start)?,
            }
            at = match segment {
                PathSegment::LineTo(to) | PathSegment::QuadTo(_, to) | PathSegment::CubicTo(_, _, to) => to,
                PathSegment::MoveTo(_) | PathSegment::Close => start,
            };
        }
        Ok(())
    }

    fn line_to(&mut self, to: Point) -> Result<(), String> {
        self.points += 1;
        if self.points > MAX_POINTS {
            return Err(format!("its lines have more than {MAX_POINTS} points"));
        }
        if !(to.x.is_finite() && to.y.is_finite()) {
            return Err("a line has a coordinate that is not finite".to_owned());
        }
        if let Some(stroke) = self.strokes.last_mut() {
            stroke.points.push([to.x, to.y]);
        }
        Ok(())
    }

    /// As many lines as Wang's bound asks for to stay within the tolerance.
    fn curve(&mut self, control: &[Point], at: impl Fn(f32) -> Point) -> Result<(), String> {
        let bend = control.windows(3).map(|p| (p[0] - p[1] - p[1] + p[2]).length()).fold(0.0, f32::max);
        let degree = (control.len() - 1) as f32;
        let pieces = (degree * (degree - 1.0) / 8.0 * bend / self.tolerance).sqrt().ceil().clamp(1.0, 256.0);
        (1..=pieces as usize).try_for_each(|piece| self.line_to(at(piece as f32 / pieces)))
    }
}

fn transformed(segment: PathSegment, transform: Transform) -> PathSegment {
    let map = |mut point: Point| {
        transform.map_point(&mut point);
        point
    };
    match segment {
        PathSegment::MoveTo(to) => PathSegment::MoveTo(map(to)),
        PathSegment::LineTo(to) => PathSegment::LineTo(map(to)),
        PathSegment::QuadTo(by, to) => PathSegment::QuadTo(map(by), map(to)),
        PathSegment::CubicTo(a, b, to) => PathSegment::CubicTo(map(a), map(b), map(to)),
        PathSegment::Close => PathSegment::Close,
    }
}

fn mix(from: Point, to: Point, t: f32) -> Point {
    Point::from_xy(from.x + (to.x - from.x) * t, from.y + (to.y - from.y) * t)
}

fn quadratic(from: Point, by: Point, to: Point, t: f32) -> Point {
    mix(mix(from, by, t), mix(by, to, t), t)
}

fn cubic(from: Point, a: Point, b: Point, to: Point, t: f32) -> Point {
    mix(quadratic(from, a, b, t), quadratic(a, b, to, t), t)
}

//! Outlines of the shapes of whiteboards.

use std::f64::consts::TAU;

use super::ScenePoint;

/// Corners of an ellipse's polygon, and steps of a curve between two points.
const ELLIPSE_CORNERS: usize = 48;
const CURVE_STEPS: usize = 8;
/// The sides of an arrow's head: the most they measure, their part of the arrow's length, and their angle to it.
const HEAD_LENGTH: f64 = 30.0;
const HEAD_SHARE: f64 = 0.3;
const HEAD_ANGLE: f64 = 0.35;

/// A closed line through corners.
pub(super) fn closed(corners: impl IntoIterator<Item = ScenePoint>) -> Vec<ScenePoint> {
    let mut corners: Vec<ScenePoint> = corners.into_iter().collect();
    corners.extend(corners.first().copied());
    corners
}

/// A polygon with corners at these parts of a box's width and height.
pub(super) fn polygon(
    width: f64,
    height: f64,
    corners: impl IntoIterator<Item = ScenePoint>,
) -> Vec<ScenePoint> {
    closed(corners.into_iter().map(|[x, y]| [x * width, y * height]))
}

/// A rectangle.
pub(super) fn rectangle(width: f64, height: f64) -> Vec<ScenePoint> {
    polygon(width, height, [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
}

/// A square on its corner, fit to a box.
pub(super) fn diamond(width: f64, height: f64) -> Vec<ScenePoint> {
    polygon(width, height, [[0.5, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 0.5]])
}

/// An ellipse.
pub(super) fn ellipse(width: f64, height: f64) -> Vec<ScenePoint> {
    regular(width, height, ELLIPSE_CORNERS, |_| 1.0)
}

/// A polygon with corners around the center of a box, the first at the top, each at a part of the radius.
pub(super) fn regular(
    width: f64,
    height: f64,
    corners: usize,
    radius: impl Fn(usize) -> f64,
) -> Vec<ScenePoint> {
    let corner = |at: usize| {
        let (sin, cos) = (TAU * at as f64 / corners as f64).sin_cos();
        [0.5 + 0.5 * radius(at) * sin, 0.5 - 0.5 * radius(at) * cos]
    };
    polygon(width, height, (0..corners).map(corner))
}

/// A smooth line through points (Catmull and Rom, 1974).
pub(super) fn curve(points: &[ScenePoint]) -> Vec<ScenePoint> {
    let Some(last) = points.len().checked_sub(1) else { return Vec::new() };
    let mut line = Vec::new();
    for at in 0..last {
        let near = [at.saturating_sub(1), at, at + 1, (at + 2).min(last)].map(|index| points[index]);
        line.extend((0..CURVE_STEPS).map(|step| between(near, step as f64 / CURVE_STEPS as f64)));
    }
    line.push(points[last]);
    line
}

/// The point of a curve at a part of its way between the inner two of four points.
fn between(points: [ScenePoint; 4], t: f64) -> ScenePoint {
    [0, 1].map(|axis| {
        let [a, b, c, d] = points.map(|point| point[axis]);
        0.5 * (2.0 * b
            + (c - a) * t
            + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
            + (3.0 * (b - c) + d - a) * t * t * t)
    })
}

/// The head of an arrow at the end of a line; none if that has no length.
pub(super) fn arrow_head(line: &[ScenePoint]) -> Option<Vec<ScenePoint>> {
    let length: f64 = line.windows(2).map(|ends| distance(ends[0], ends[1])).sum();
    let tip = *line.last()?;
    let side = HEAD_LENGTH.min(HEAD_SHARE * length);
    // What is nearer than the head is long says little of where the arrow comes from.
    let from = *line.iter().rev().find(|point| distance(**point, tip) >= side).filter(|_| side > 0.0)?;
    let back = (from[1] - tip[1]).atan2(from[0] - tip[0]);
    let end = |turn: f64| [tip[0] + side * (back + turn).cos(), tip[1] + side * (back + turn).sin()];
    Some(vec![end(-HEAD_ANGLE), tip, end(HEAD_ANGLE)])
}

fn distance(a: ScenePoint, b: ScenePoint) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// A point turned around another by an angle in radians, clockwise as y points down.
pub(super) fn turned(point: ScenePoint, around: ScenePoint, angle: f64) -> ScenePoint {
    let (sin, cos) = angle.sin_cos();
    let [x, y] = [point[0] - around[0], point[1] - around[1]];
    [around[0] + cos * x - sin * y, around[1] + sin * x + cos * y]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_pass_through_their_points() {
        let points = [[0.0, 0.0], [10.0, 5.0], [20.0, -5.0]];
        let line = curve(&points);
        assert!(points.iter().all(|point| line.contains(point)));
        assert_eq!(line.len(), 2 * CURVE_STEPS + 1);
        assert!(curve(&[]).is_empty());
    }

    #[test]
    fn heads_lie_at_the_end_of_arrows() {
        let head = arrow_head(&[[0.0, 0.0], [100.0, 0.0]]).unwrap();
        assert_eq!(head[1], [100.0, 0.0]);
        assert!(head[0][0] < 80.0 && head[0][1] > 5.0 && head[2][1] < -5.0, "{head:?}");
        assert!(arrow_head(&[[1.0, 1.0], [1.0, 1.0]]).is_none());
    }

    #[test]
    fn turning_is_clockwise() {
        let [x, y] = turned([2.0, 1.0], [1.0, 1.0], TAU / 4.0);
        assert!((x - 1.0).abs() < 1e-9 && (y - 2.0).abs() < 1e-9);
    }
}

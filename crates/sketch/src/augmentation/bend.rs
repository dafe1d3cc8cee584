use rand::Rng;
use rand::RngExt;

use super::distortion::up_to;
use super::stroke_removal::{between, distance, length};
use crate::{Point, Stroke};

/// Points on the sketch that are moved.
const CONTROLS: usize = 8;
/// Longest straight piece of a line that is bent, in units of the sketch.
const PIECE: f64 = 0.05;
/// A drawing of more points than this has pieces short enough.
const MANY: usize = 4096;

/// Rigid deformation by moving least squares: where each control point goes, and for every other
/// point the rotation and shift that fit best what the control points do, near ones above all.
///
/// Points are taken as complex numbers. With weights `w = 1/|p − v|²` and weighted means `p*` and
/// `q*`, the best rotation is the direction of `Σ w · (q − q*) · conj(p − p*)`.
pub(super) struct RigidDeformation(Vec<[Point; 2]>);

impl RigidDeformation {
    /// Control points at even distances along the lines, each moved up to `most` in x and in y.
    pub(crate) fn new(strokes: &[Stroke], most: f32, rng: &mut impl Rng) -> Self {
        let points = along(strokes, CONTROLS, rng.random());
        Self(
            points.into_iter().map(|[x, y]| [[x, y], [x + up_to(most, rng), y + up_to(most, rng)]]).collect(),
        )
    }

    pub(crate) fn apply(&self, at: Point) -> Point {
        if let Some([_, to]) = self.0.iter().find(|[from, _]| *from == at) {
            return *to;
        }
        let mut total = 0.0;
        let mut means = [[0.0f32; 2]; 2];
        let weights =
            self.0.iter().map(|[from, _]| ((from[0] - at[0]).powi(2) + (from[1] - at[1]).powi(2)).recip());
        let weighted = || self.0.iter().zip(weights.clone());
        for (ends, weight) in weighted() {
            total += weight;
            for (mean, end) in means.iter_mut().zip(ends) {
                *mean = [mean[0] + weight * end[0], mean[1] + weight * end[1]];
            }
        }
        let [from, to] = means.map(|mean| mean.map(|sum| sum / total));
        let (mut cos, mut sin) = (0.0, 0.0);
        for ([p, q], weight) in weighted() {
            let (p, q) = ([p[0] - from[0], p[1] - from[1]], [q[0] - to[0], q[1] - to[1]]);
            cos += weight * (p[0] * q[0] + p[1] * q[1]);
            sin += weight * (p[0] * q[1] - p[1] * q[0]);
        }
        let size = cos.hypot(sin);
        // One control point, or all in one place: they shift and do not turn.
        let (cos, sin) = if size > 0.0 { (cos / size, sin / size) } else { (1.0, 0.0) };
        let arm = [at[0] - from[0], at[1] - from[1]];
        let moved = [to[0] + cos * arm[0] - sin * arm[1], to[1] + sin * arm[0] + cos * arm[1]];
        // Without control points, or too near to one to divide by the distance.
        if moved.iter().all(|c| c.is_finite()) { moved } else { at }
    }
}

/// Points at even distances along the lines, the first at `start` of a distance.
fn along(strokes: &[Stroke], count: usize, start: f32) -> Vec<Point> {
    let step = strokes.iter().map(length).sum::<f64>() / count as f64;
    let mut next = f64::from(start) * step;
    let mut points = Vec::new();
    for ends in strokes.iter().flat_map(|stroke| stroke.points.windows(2)) {
        let span = distance(ends[0], ends[1]);
        while next < span && points.len() < count {
            points.push(between(ends[0], ends[1], next / span));
            next += step;
        }
        next -= span;
    }
    points
}

/// The same lines in short pieces, so that straight ones can bend.
pub(super) fn refined(strokes: &[Stroke]) -> Vec<Stroke> {
    if strokes.iter().map(|stroke| stroke.points.len()).sum::<usize>() > MANY {
        return strokes.to_vec();
    }
    let refine = |stroke: &Stroke| {
        let mut points: Vec<Point> = stroke.points.first().copied().into_iter().collect();
        for ends in stroke.points.windows(2) {
            let pieces = (distance(ends[0], ends[1]) / PIECE).ceil().clamp(1.0, 64.0) as usize;
            points.extend((1..=pieces).map(|piece| between(ends[0], ends[1], piece as f64 / pieces as f64)));
        }
        Stroke::new(points)
    };
    strokes.iter().map(refine).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points() -> impl Strategy<Value = Vec<Point>> {
        prop::collection::vec(prop::array::uniform2(-0.5f32..0.5), 1..9)
    }

    fn close(a: Point, b: Point) -> bool {
        distance(a, b) < 1e-3
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_not_moved_stays(controls in points(), at in prop::array::uniform2(-0.5f32..0.5)) {
            let bend = RigidDeformation(controls.into_iter().map(|point| [point, point]).collect());
            prop_assert!(close(bend.apply(at), at));
        }

        #[test]
        fn control_points_go_where_they_are_told(from in points(), to in points()) {
            let bend = RigidDeformation(from.into_iter().zip(to).map(|(from, to)| [from, to]).collect());
            for [from, _] in &bend.0 {
                let [_, to] = bend.0.iter().find(|[other, _]| other == from).unwrap();
                prop_assert!(close(bend.apply(*from), *to));
            }
        }

        #[test]
        fn a_rigid_motion_of_the_control_points_moves_all_alike(
            controls in prop::collection::vec(prop::array::uniform2(-0.5f32..0.5), 2..9),
            at in prop::array::uniform2(-0.5f32..0.5),
            angle in -3.0f32..3.0,
            shift in prop::array::uniform2(-1f32..1.0),
        ) {
            prop_assume!(controls.iter().any(|point| distance(*point, controls[0]) > 0.05));
            let (sin, cos) = angle.sin_cos();
            let go = |[x, y]: Point| [cos * x - sin * y + shift[0], sin * x + cos * y + shift[1]];
            let bend = RigidDeformation(controls.into_iter().map(|point| [point, go(point)]).collect());
            prop_assert!(close(bend.apply(at), go(at)), "{:?} {:?}", bend.apply(at), go(at));
        }
    }

    #[test]
    fn without_control_points_nothing_moves() {
        assert_eq!(RigidDeformation(Vec::new()).apply([0.25, 0.5]), [0.25, 0.5]);
    }
}

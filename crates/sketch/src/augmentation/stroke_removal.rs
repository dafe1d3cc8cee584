use rand::{Rng, RngExt};

use crate::{Point, Stroke};

/// Draws the index of a stroke to leave out, if any.
pub(super) fn dropped(strokes: &[Stroke], probability: f32, rng: &mut impl Rng) -> Option<usize> {
    let (wanted, mut pick) = (rng.random::<f32>() < probability, rng.random::<f32>());
    if !wanted || strokes.len() < 2 {
        return None;
    }
    let weights = weights(strokes);
    pick *= weights.iter().sum::<f32>();
    weights.iter().position(|weight| {
        pick -= weight;
        pick < 0.0
    })
}

/// The strokes but for up to a share of them, of which one at least stays.
///
/// Weighted sampling without replacement after Efraimidis and Spirakis (2006): each stroke has a
/// waiting time, exponential with its weight as the rate, and those that come first go.
pub(super) fn removed(strokes: Vec<Stroke>, share: f32, rng: &mut impl Rng) -> Vec<Stroke> {
    let most = ((strokes.len() as f32 * share).round() as usize).min(strokes.len().saturating_sub(1));
    let count = ((rng.random::<f32>() * (most + 1) as f32) as usize).min(most);
    if count == 0 {
        return strokes;
    }
    let waiting = |weight: f32| -(1.0 - rng.random::<f32>()).ln() / weight;
    let times: Vec<f32> = weights(&strokes).into_iter().map(waiting).collect();
    let mut order: Vec<usize> = (0..strokes.len()).collect();
    order.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
    let mut gone = vec![false; strokes.len()];
    order[..count].iter().for_each(|index| gone[*index] = true);
    strokes.into_iter().zip(gone).filter(|(_, gone)| !gone).map(|(stroke, _)| stroke).collect()
}

/// Removal probability of each stroke, up to a factor: `exp(α · order − β · length)` as in
/// Sketch-a-Net, order and length as parts of the largest, α = 2, β = 4.
fn weights(strokes: &[Stroke]) -> Vec<f32> {
    let longest = strokes.iter().map(Stroke::length).fold(f32::MIN_POSITIVE, f32::max);
    let weight = |(index, stroke): (usize, &Stroke)| {
        (2.0 * index as f32 / strokes.len() as f32 - 4.0 * stroke.length() / longest).exp()
    };
    strokes.iter().enumerate().map(weight).collect()
}

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

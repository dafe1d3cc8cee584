use rand::{Rng, RngExt};

use crate::Stroke;

/// Which stroke to leave out, if any.
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

/// How likely each stroke is the one to go, up to a factor: `exp(α · order − β · length)` as in
/// Sketch-a-Net, order and length as parts of the largest, α = 2, β = 4.
fn weights(strokes: &[Stroke]) -> Vec<f32> {
    let longest = strokes.iter().map(Stroke::length).fold(f32::MIN_POSITIVE, f32::max);
    let weight = |(index, stroke): (usize, &Stroke)| {
        (2.0 * index as f32 / strokes.len() as f32 - 4.0 * stroke.length() / longest).exp()
    };
    strokes.iter().enumerate().map(weight).collect()
}

//! The scheme of the code published with the paper, mistakes included.

use crate::{Split, split::descending};

/// A split at the published threshold, with the published values.
pub(crate) fn split(weights: &[f32]) -> Split {
    let mut sorted = descending(weights.iter().copied());
    let (from_top, top) = stop(&sorted);
    sorted.reverse();
    let (from_bottom, bottom) = stop(&sorted);
    // The pass that went further is taken, whichever gained more.
    let threshold = if from_top >= from_bottom { top } else { bottom };
    // Strictly above: the pass from the top loses the weight it stopped at.
    let cut = threshold.next_up();
    let (mut counts, mut magnitudes) = ([0usize; 2], [0.0f64; 2]);
    for &weight in weights {
        let side = usize::from(weight >= cut);
        counts[side] += 1;
        magnitudes[side] += f64::from(weight.abs());
    }
    let mean = |side: usize| (magnitudes[side] / counts[side].max(1) as f64) as f32;
    Split { alpha: mean(1), beta: -mean(0), cut, count: counts[1] }
}

/// Position and weight at which a pass over sorted weights gains most by the published objective.
fn stop(sorted: &[f32]) -> (usize, f32) {
    let n = sorted.len() as f64;
    let total: f64 = sorted.iter().map(|&weight| f64::from(weight)).sum();
    let mut best = (f64::NEG_INFINITY, 0, sorted[0]);
    let mut prefix = 0.0;
    for (index, &weight) in sorted.iter().enumerate() {
        prefix += f64::from(weight);
        let (count, rest) = ((index + 1) as f64, total - prefix);
        let gain = prefix * prefix / count + rest * rest / (n - count + 1.0);
        if gain > best.0 {
            best = (gain, index, weight);
        }
    }
    (best.1, best.2)
}

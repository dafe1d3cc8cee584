//! Histograms of a layer's weights, one epoch behind the other.

use std::fmt::Write;

use dabnet_train::LayerSnapshot;
use maud::{Markup, html};

use crate::{
    format::{evenly_spaced, mean, significant},
    plot::polyline,
};

/// Upper bound of epochs drawn.
const RIDGES: usize = 14;

/// Size of the picture and its margins, in units of the view box: as large as the charts beside it.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 42.0;
const RIGHT: f64 = 424.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 246.0;
/// Greatest height of a histogram.
const RIDGE: f64 = 46.0;

/// Upper bound of the share of weights beyond the width of the picture.
const BEYOND: f64 = 0.005;

/// Snapshots of one layer at the epochs drawn.
pub(super) struct LayerHistory<'a> {
    pub(super) name: &'a str,
    pub(super) epochs: Vec<usize>,
    pub(super) snapshots: Vec<&'a LayerSnapshot>,
}

/// The mean of single-precision values.
pub(super) fn average(values: &[f32]) -> f64 {
    mean(values.iter().map(|&value| f64::from(value)))
}

/// The ridge plot of a layer, with the paths of `α`, `β` and `±m`.
pub(super) fn svg(history: &LayerHistory<'_>) -> Markup {
    let rows = evenly_spaced(history.snapshots.len(), RIDGES);
    let limit =
        rows.iter().map(|&row| reach(history.snapshots[row])).fold(f64::from(f32::MIN_POSITIVE), f64::max);
    let x = |value: f64| (LEFT + RIGHT) / 2.0 + (RIGHT - LEFT) / 2.0 * (value / limit).clamp(-1.0, 1.0);
    let y = |place: usize| match rows.len() {
        1 => BOTTOM,
        count => TOP + (BOTTOM - TOP) * place as f64 / (count - 1) as f64,
    };
    let trail = |of: &dyn Fn(&LayerSnapshot) -> f64| {
        polyline(rows.iter().enumerate().map(|(place, &row)| (x(of(history.snapshots[row])), y(place))))
    };
    let last = history.snapshots[rows[rows.len() - 1]];
    let (alpha, beta) = (average(&last.alpha), average(&last.beta));
    html! {
        svg.chart.ridges viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label={
            "Histograms of the weights of " (history.name) ", one an epoch; in the last, α is "
            (significant(alpha)) " and β " (significant(beta))
        } {
            @for (place, &row) in rows.iter().enumerate() {
                path.ridge d=(ridge(history.snapshots[row], limit, &x, y(place))) {}
                @if labeled(place, rows.len()) {
                    text.left x=(LEFT - 7.0) y=(format!("{:.1}", y(place))) { (history.epochs[row]) }
                }
            }
            g.s1.trail { path d=(trail(&|layer| layer.magnitude.into())) {} path d=(trail(&|layer| -f64::from(layer.magnitude))) {} }
            g.s2.trail { path d=(trail(&|layer| average(&layer.alpha))) {} path d=(trail(&|layer| average(&layer.beta))) {} }
            g.s2.label { text x=(format!("{:.1}", x(alpha))) y=(BOTTOM + 15.0) { "α" } text x=(format!("{:.1}", x(beta))) y=(BOTTOM + 15.0) { "β" } }
            @for (value, anchor) in [(-limit, "start"), (0.0, "middle"), (limit, "end")] {
                text x=(format!("{:.1}", x(value))) y=(BOTTOM + 38.0) style={ "text-anchor:" (anchor) } { (significant(value)) }
            }
        }
    }
}

/// True if an epoch is labeled: the first, the last, and a few between them.
fn labeled(place: usize, count: usize) -> bool {
    let step = count.div_ceil(7);
    place + 1 == count || place.is_multiple_of(step) && place + step < count
}

/// SVG path of one histogram, scaled to its own peak.
fn ridge(layer: &LayerSnapshot, limit: f64, x: &dyn Fn(f64) -> f64, base: f64) -> String {
    let most = layer.histogram.iter().copied().max().unwrap_or(0).max(1);
    let centers: Vec<(f64, u32)> = centers(layer).filter(|(center, _)| center.abs() <= limit).collect();
    let (Some(first), Some(last)) = (centers.first(), centers.last()) else { return String::new() };
    let mut path = format!("M{LEFT} {base:.1}H{:.1}", x(first.0));
    for &(center, count) in &centers {
        // Writing to a string does not fail.
        let _ = write!(path, "L{:.1} {:.1}", x(center), base - RIDGE * f64::from(count) / f64::from(most));
    }
    let _ = write!(path, "L{:.1} {base:.1}H{RIGHT}", x(last.0));
    path
}

/// Center and count of every bin of a histogram.
fn centers(layer: &LayerSnapshot) -> impl Iterator<Item = (f64, u32)> {
    let (least, greatest) = (f64::from(layer.least), f64::from(layer.greatest));
    let width = (greatest - least) / layer.histogram.len() as f64;
    layer.histogram.iter().enumerate().map(move |(bin, &count)| (least + (bin as f64 + 0.5) * width, count))
}

/// The least magnitude that at most a share [`BEYOND`] of the weights exceeds.
fn reach(layer: &LayerSnapshot) -> f64 {
    let mut centers: Vec<(f64, u32)> = centers(layer).map(|(center, count)| (center.abs(), count)).collect();
    centers.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut left = BEYOND * layer.histogram.iter().map(|&count| f64::from(count)).sum::<f64>();
    for (center, count) in centers {
        left -= f64::from(count);
        if left < 0.0 {
            return center;
        }
    }
    f64::from(layer.greatest.abs().max(layer.least.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(histogram: Vec<u32>) -> LayerSnapshot {
        LayerSnapshot {
            layer: String::new(),
            least: -2.0,
            greatest: 2.0,
            magnitude: 0.5,
            positive_share: 0.5,
            histogram,
            alpha: vec![1.0],
            beta: vec![-1.0],
            upper_share: vec![0.5],
        }
    }

    #[test]
    fn a_histogram_tells_the_reach() {
        let layer = layer(vec![1, 500, 499, 0]);
        assert_eq!(reach(&layer), 0.5);
    }

    #[test]
    fn few_epochs_are_labeled() {
        let labels = |count| (0..count).filter(|&place| labeled(place, count)).collect::<Vec<_>>();
        assert_eq!(labels(3), [0, 1, 2]);
        assert_eq!(labels(14), [0, 2, 4, 6, 8, 10, 13]);
    }
}

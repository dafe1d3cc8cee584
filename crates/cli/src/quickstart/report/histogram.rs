use std::fmt::Write;

use maud::{Markup, html};

use super::layer::{Filter, limit};

const BINS: usize = 33;

/// The picture in its own units.
const WIDTH: f32 = 240.0;
const HEIGHT: f32 = 124.0;
const TOP: f32 = 24.0;
const BASE: f32 = 98.0;

/// How a filter's weights are spread, with the values that stand for them.
pub(super) fn svg(filter: &Filter<'_>) -> Markup {
    let limit = limit(filter.weights).max(f32::MIN_POSITIVE);
    let x = |value: f32| WIDTH / 2.0 + (WIDTH / 2.0 - 14.0) * value / limit;
    let (sign, dab) = (&filter.sign, &filter.dab);
    html! {
        svg.histogram viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(spoken(filter)) {
            path.bars d=(bars(&counts(filter.weights, limit), x(-limit), x(limit))) {}
            path.axis d={ "M6 " (BASE) "H" (WIDTH - 6.0) } {}
            path.tick d={ "M" (x(0.0)) " " (BASE) "v4" } {}
            text.zero x=(x(0.0)) y=(BASE + 15.0) { "0" }
            @for (value, name) in [(sign.alpha, "+m"), (sign.beta, "\u{2212}m")] {
                g.sign {
                    path d={ "M" (place(x(value))) " " (TOP + 4.0) "V" (BASE + 5.0) } {}
                    text x=(place(x(value))) y=(BASE + 18.0) { (name) }
                }
            }
            @for (value, name) in [(dab.alpha, "α"), (dab.beta, "β")] {
                g.dab {
                    path d={ "M" (place(x(value))) " " (TOP - 4.0) "V" (BASE) } {}
                    text x=(place(x(value))) y=(TOP - 9.0) { (name) }
                }
            }
        }
    }
}

fn spoken(filter: &Filter<'_>) -> String {
    format!(
        "Histogram of {} weights; α at {:.3}, β at {:.3}, ±mean|W| at ±{:.3}",
        filter.weights.len(),
        filter.dab.alpha,
        filter.dab.beta,
        filter.sign.alpha
    )
}

/// Weights in each of [`BINS`] equal parts of `±limit`.
fn counts(weights: &[f32], limit: f32) -> [usize; BINS] {
    let mut counts = [0; BINS];
    for weight in weights {
        let place = (weight / limit + 1.0) / 2.0 * BINS as f32;
        counts[(place.max(0.0) as usize).min(BINS - 1)] += 1;
    }
    counts
}

fn bars(counts: &[usize; BINS], left: f32, right: f32) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let width = (right - left) / BINS as f32;
    let mut bars = String::new();
    for (bin, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (BASE - TOP) * count as f32 / most;
        let x = left + bin as f32 * width + 0.5;
        // Writing to a string does not fail.
        let _ = write!(bars, "M{x:.1} {BASE}v-{height:.1}h{:.1}V{BASE}z", width - 1.0);
    }
    bars
}

fn place(value: f32) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_is_counted_once() {
        let counts = counts(&[-1.0, -0.99, 0.0, 0.01, 1.0], 1.0);
        assert_eq!((counts[0], counts[BINS / 2], counts[BINS - 1]), (2, 2, 1));
        assert_eq!(counts.iter().sum::<usize>(), 5);
    }

    #[test]
    fn bars_are_as_high_as_their_counts() {
        let mut counts = [0; BINS];
        (counts[0], counts[1]) = (4, 2);
        let path = bars(&counts, 0.0, 2.0 * BINS as f32);
        assert_eq!(path, "M0.5 98v-74.0h1.0V98zM2.5 98v-37.0h1.0V98z");
    }
}

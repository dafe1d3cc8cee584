use std::fmt::Write;

use dabnet_binarize::Split;
use maud::{Markup, html};

use crate::format::significant;

/// Bins of the histogram of one filter.
const BINS: usize = 33;

/// Size of the picture and its margins, in units of the view box.
const WIDTH: f32 = 240.0;
const HEIGHT: f32 = 124.0;
const TOP: f32 = 24.0;
const BASE: f32 = 98.0;

/// Least distance of two labels, and of a label and the zero between them.
const NAMES: f32 = 25.0;
const ZERO: f32 = 22.0;

/// A histogram of weights, marked with the values that replace them.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    /// Number of weights in each of equal bins over `±limit`.
    counts: Vec<usize>,
    limit: f32,
    alpha: f32,
    beta: f32,
    /// `mean|W|`.
    magnitude: f32,
}

impl Histogram {
    /// Histogram of the weights of one filter.
    pub(crate) fn new(weights: &[f32], sign: &Split, dab: &Split) -> Self {
        Self::of_filters(BINS, [weights], largest_magnitude(weights), [dab.alpha, dab.beta, sign.alpha])
    }

    /// Histogram of the weights of several filters, marked with `α`, `β` and `m`.
    pub(crate) fn of_filters<'a>(
        bins: usize,
        filters: impl IntoIterator<Item = &'a [f32]>,
        limit: f32,
        values: [f32; 3],
    ) -> Self {
        let limit = limit.max(f32::MIN_POSITIVE);
        let [alpha, beta, magnitude] = values;
        Self { counts: counts(filters, limit, bins), limit, alpha, beta, magnitude }
    }

    /// The histogram as SVG.
    pub(crate) fn svg(&self) -> Markup {
        self.svg_of_width(WIDTH)
    }

    /// The histogram as SVG of another width, in units of the view box.
    pub(crate) fn svg_of_width(&self, width: f32) -> Markup {
        let x = |value: f32| width / 2.0 + (width / 2.0 - 14.0) * (value / self.limit).clamp(-1.0, 1.0);
        html! {
            svg.histogram viewBox={ "0 0 " (width) " " (HEIGHT) } role="img" aria-label=(self.spoken()) {
                path.bars d=(bars(&self.counts, x(-self.limit), x(self.limit))) {}
                path.axis d={ "M6 " (BASE) "H" (width - 6.0) } {}
                path.tick d={ "M" (x(0.0)) " " (BASE) "v4" } {}
                @if x(self.magnitude) - x(0.0) > ZERO { text.zero x=(x(0.0)) y=(BASE + 15.0) { "0" } }
                g.sign {
                    @for value in [-self.magnitude, self.magnitude] {
                        path d={ "M" (place(x(value))) " " (TOP + 4.0) "V" (BASE + 5.0) } {}
                    }
                    (names([("\u{2212}m", x(-self.magnitude)), ("+m", x(self.magnitude))], BASE + 18.0))
                }
                g.dab {
                    @for value in [self.beta, self.alpha] {
                        path d={ "M" (place(x(value))) " " (TOP - 4.0) "V" (BASE) } {}
                    }
                    (names([("β", x(self.beta)), ("α", x(self.alpha))], TOP - 9.0))
                }
            }
        }
    }

    /// Description for screen readers.
    fn spoken(&self) -> String {
        format!(
            "Histogram of {} weights; α at {}, β at {}, ±mean|W| at ±{}",
            self.counts.iter().sum::<usize>(),
            significant(f64::from(self.alpha)),
            significant(f64::from(self.beta)),
            significant(f64::from(self.magnitude))
        )
    }
}

/// Labels of two marks, the left one first, moved apart where the marks are close.
fn names(names: [(&str, f32); 2], y: f32) -> Markup {
    let apart = (NAMES - (names[1].1 - names[0].1)).max(0.0) / 2.0;
    html! {
        @for ((name, x), aside) in names.into_iter().zip([-apart, apart]) {
            text x=(place(x + aside)) y=(y) { (name) }
        }
    }
}

/// The largest magnitude; 0 of no weights.
pub(crate) fn largest_magnitude(weights: &[f32]) -> f32 {
    weights.iter().fold(0.0, |limit, weight| limit.max(weight.abs()))
}

/// Number of weights per bin.
fn counts<'a>(filters: impl IntoIterator<Item = &'a [f32]>, limit: f32, bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    for weight in filters.into_iter().flatten() {
        let place = (weight / limit + 1.0) / 2.0 * bins as f32;
        counts[(place.max(0.0) as usize).min(bins - 1)] += 1;
    }
    counts
}

/// SVG path of the bars between `left` and `right`.
fn bars(counts: &[usize], left: f32, right: f32) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let width = (right - left) / counts.len() as f32;
    let mut bars = String::new();
    for (bin, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (BASE - TOP) * count as f32 / most;
        let x = left + bin as f32 * width + 0.5;
        // Writing to a string does not fail.
        let _ = write!(bars, "M{x:.1} {BASE}v-{height:.1}h{:.1}V{BASE}z", width - 1.0);
    }
    bars
}

/// A coordinate as SVG writes it.
fn place(value: f32) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_is_counted_once() {
        let counts = counts([&[-1.0, -0.99, 0.0, 0.01, 1.0][..]], 1.0, BINS);
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

    #[test]
    fn the_limit_is_the_largest_magnitude() {
        assert_eq!(largest_magnitude(&[1.0, -2.0, 0.1]), 2.0);
        assert_eq!(largest_magnitude(&[]), 0.0);
    }
}

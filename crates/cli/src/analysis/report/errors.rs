//! The error of every filter of a layer.

use std::fmt::Write;

use dabnet_binarize::Scheme;
use maud::{Markup, html};

use super::marks::class;
use crate::page::ticks::Ticks;

/// The picture in its own units.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 474.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 128.0;

/// Points of filters from left to right, sorted by what `dab`, a line, misses of them.
pub(super) fn svg(layer: &str, filters: &[[f64; Scheme::ALL.len()]]) -> Markup {
    // The published code can err without limit.
    let shown = [Scheme::Dab, Scheme::Sign, Scheme::Mean];
    let all = || filters.iter().flat_map(|errors| shown.map(|scheme| errors[scheme as usize]));
    let least = all().fold(1.0, f64::min);
    // Where all are equal, rounding is no difference to show.
    let ticks = Ticks::around(least, all().fold(least + 0.01, f64::max), 4);
    let span = ticks.last() - ticks.first();
    let x = |place: usize| match filters.len() {
        1 => (LEFT + RIGHT) / 2.0,
        count => LEFT + 6.0 + (RIGHT - LEFT - 12.0) * place as f64 / (count - 1) as f64,
    };
    let y = |error: f64| BOTTOM - (BOTTOM - TOP) * (error - ticks.first()) / span;
    let points = |scheme: Scheme| {
        let mut points = String::new();
        for (place, errors) in filters.iter().enumerate() {
            let error = errors[scheme as usize];
            if error <= ticks.last() {
                // Writing to a string does not fail.
                let _ = write!(points, "M{:.1} {:.1}h0", x(place), y(error));
            }
        }
        points
    };
    let line: Vec<String> = filters
        .iter()
        .enumerate()
        .map(|(place, errors)| format!("{:.1} {:.1}", x(place), y(errors[Scheme::Dab as usize])))
        .collect();
    html! {
        svg.chart.points viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
            aria-label={ "Relative error of each filter of " (layer) " under each scheme" } {
            @for &tick in &ticks.values {
                path.grid d={ "M" (LEFT) " " (format!("{:.1}", y(tick))) "H" (RIGHT) } {}
                text.left x=(LEFT - 6.0) y=(format!("{:.1}", y(tick) + 4.0)) {
                    (format!("{:.*}", ticks.decimals.saturating_sub(2), 100.0 * tick)) "\u{a0}%"
                }
            }
            @for scheme in [Scheme::DabPublished, Scheme::Mean, Scheme::Sign] {
                path.dots.{ "s" (class(scheme)) } d=(points(scheme)) {}
            }
            @if line.len() == 1 {
                path.dots.s2 d=(points(Scheme::Dab)) {}
            } @else {
                path.best.s2 d={ "M" (line.join("L")) } {}
            }
            text x=((LEFT + RIGHT) / 2.0) y=(HEIGHT - 5.0) { "filters" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn what_lies_beyond_the_axis_is_not_drawn() {
        let drawn = svg("conv", &[[0.1, 0.2, 0.15, 5.0], [0.2, 0.3, 0.25, 0.25]]).into_string();
        assert_eq!(drawn.matches("h0").count(), 5);
        assert!(svg("conv", &[[0.0; 4]]).into_string().contains("h0"));
    }
}

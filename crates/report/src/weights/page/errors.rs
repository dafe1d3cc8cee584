//! The error of every filter of a layer.

use std::fmt::Write;

use dabnet_binarize::Scheme;
use maud::{Markup, html};

use super::marks::{PLOTTED, class, error_axis};
use crate::plot::{PlotArea, polyline};

/// Size of the picture, in units of the view box.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 150.0;
const AREA: PlotArea = PlotArea { left: 44.0, top: 8.0, width: 430.0, height: 120.0 };

/// Chart of the filters' errors, sorted by that of `dab`, which is a line; other schemes are points.
pub(super) fn svg(layer: &str, filters: &[[f64; Scheme::ALL.len()]]) -> Markup {
    let all = || filters.iter().flat_map(|errors| PLOTTED.map(|scheme| errors[scheme as usize]));
    let least = all().fold(1.0, f64::min);
    let axis = error_axis(least, all().fold(least, f64::max));
    let x = |place: usize| match filters.len() {
        1 => AREA.left + AREA.width / 2.0,
        count => AREA.left + 6.0 + (AREA.width - 12.0) * place as f64 / (count - 1) as f64,
    };
    let points = |scheme: Scheme| {
        let errors = filters.iter().map(move |errors| errors[scheme as usize]).enumerate();
        errors.map(|(place, error)| (x(place), error))
    };
    let dots = |scheme: Scheme| {
        let mut dots = String::new();
        for (x, error) in points(scheme).filter(|(_, error)| *error <= axis.end()) {
            // Writing to a string does not fail.
            let _ = write!(dots, "M{x:.1} {:.1}h0", AREA.y(&axis, error));
        }
        dots
    };
    html! {
        svg.chart.points viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
            aria-label={ "Relative error of each filter of " (layer) " under each scheme" } {
            (AREA.grid(&axis))
            @for scheme in [Scheme::DabPublished, Scheme::Mean, Scheme::Sign] {
                path.dots.{ "s" (class(scheme)) } d=(dots(scheme)) {}
            }
            @if filters.len() == 1 {
                path.dots.s2 d=(dots(Scheme::Dab)) {}
            } @else {
                path.best.s2 d=(polyline(points(Scheme::Dab).map(|(x, error)| (x, AREA.y(&axis, error))))) {}
            }
            text x=(AREA.left + AREA.width / 2.0) y=(HEIGHT - 5.0) { "filters" }
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

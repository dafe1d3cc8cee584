//! Marks of schemes, names of layers, and the axes of the overview.

use dabnet_binarize::Scheme;
use maud::{Markup, html};

use super::super::WeightAnalysis;
use crate::plot::Axis;

/// Schemes whose errors decide the range of an axis: the published code can err without limit.
pub(super) const PLOTTED: [Scheme; 3] = [Scheme::Dab, Scheme::Sign, Scheme::Mean];

/// An axis that errors of at least `least` and at most `most` fit on.
pub(super) fn error_axis(least: f64, most: f64) -> Axis {
    // Where all are equal, rounding is no difference to show.
    Axis::enclosing(least, most.max(least + 0.01), 4, |tick, decimals| {
        format!("{:.*}\u{a0}%", decimals.saturating_sub(2), 100.0 * tick)
    })
}

/// An axis as wide as there is room; its coordinates are percentages.
#[derive(Debug)]
pub(super) struct PercentAxis(Axis);

impl PercentAxis {
    /// An axis of shares from 0 to 1.
    pub(super) fn of_shares() -> Self {
        Self(Axis::enclosing(0.0, 1.0, 5, |tick, decimals| format!("{tick:.decimals$}")))
    }

    /// An axis around the errors of all layers.
    pub(super) fn of_errors(analysis: &WeightAnalysis) -> Self {
        let errors = analysis.layers.iter().flat_map(|layer| PLOTTED.map(|scheme| layer.total.error(scheme)));
        let (least, most) =
            errors.fold((1.0, 0.0), |(least, most), error| (error.min(least), error.max(most)));
        Self(error_axis(f64::min(least, most), most))
    }

    /// True if a value lies on the axis.
    pub(super) fn contains(&self, value: f64) -> bool {
        self.0.contains(value)
    }

    /// Coordinate of a value, clamped to the axis.
    pub(super) fn x(&self, value: f64) -> String {
        format!("{:.2}%", 100.0 * self.0.position(value).clamp(0.0, 1.0))
    }

    /// Title and tick labels.
    pub(super) fn head(&self, title: &str) -> Markup {
        html! {
            svg.axis-head height="36" role="img" aria-label=(title) {
                text.title x="50%" y="11" { (title) }
                @for (tick, label) in self.0.ticks() { text x=(self.x(tick)) y="31" { (label) } }
            }
        }
    }

    /// Vertical lines at the ticks.
    pub(super) fn grid(&self) -> Markup {
        html! {
            @for (tick, _) in self.0.ticks() {
                line.grid x1=(self.x(tick)) x2=(self.x(tick)) y1="0" y2="100%" {}
            }
        }
    }
}

/// Name of a tensor, which may break after a separator.
pub(super) fn breakable(name: &str) -> Markup {
    html! {
        @for part in name.split_inclusive(['.', '/', '_', ':']) { (part) wbr; }
    }
}

/// Number of a scheme's color in the style sheet.
pub(super) const fn class(scheme: Scheme) -> usize {
    match scheme {
        Scheme::Dab => 2,
        Scheme::Sign => 1,
        Scheme::Mean => 0,
        Scheme::DabPublished => 3,
    }
}

/// SVG path of a scheme's mark, around the origin.
const fn form(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Dab => "M-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0 -8.4 0z",
        Scheme::Sign => "M-3.6 -3.6h7.2v7.2h-7.2z",
        Scheme::Mean => "M0 -4.6l4.4 7.8h-8.8z",
        Scheme::DabPublished => "M-3.5 -3.5l7 7M-3.5 3.5l7 -7",
    }
}

/// The mark of a scheme at a place in any of SVG's units.
pub(super) fn mark(scheme: Scheme, x: &str, y: &str) -> Markup {
    html! {
        svg.mark.{ "s" (class(scheme)) } x=(x) y=(y) overflow="visible" { path d=(form(scheme)) {} }
    }
}

/// Legend of the schemes and their marks.
pub(super) fn legend() -> Markup {
    html! {
        ul.legend {
            @for scheme in Scheme::ALL {
                li {
                    svg width="14" height="14" aria-hidden="true" { (mark(scheme, "7", "7")) }
                    b { (scheme.name()) } " " (meaning(scheme))
                }
            }
        }
    }
}

const fn meaning(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Dab => "the best two values, α and β",
        Scheme::Sign => "±m, m = mean|W| (XNOR-Net)",
        Scheme::Mean => "split at the filter’s mean (AdaBin)",
        Scheme::DabPublished => "the code published with the paper",
    }
}

#[cfg(test)]
mod tests {
    use super::breakable;

    #[test]
    fn names_break_after_separators_and_are_escaped() {
        assert_eq!(breakable("a.b/<c>").into_string(), "a.<wbr>b/<wbr>&lt;c&gt;<wbr>");
    }
}

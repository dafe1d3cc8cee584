use dabnet_binarize::Scheme;
use maud::{Markup, html};

use super::super::Analysis;
use crate::page::ticks::Ticks;

/// An axis as wide as there is room, in per cent of it.
#[derive(Debug)]
pub(super) struct Axis(Ticks);

impl Axis {
    /// Of a share, from nothing to all.
    pub(super) fn of_shares() -> Self {
        Self(Ticks::around(0.0, 1.0, 5))
    }

    /// Around all errors but those of the published code, which can be any.
    pub(super) fn of_errors(analysis: &Analysis) -> Self {
        let schemes = [Scheme::Dab, Scheme::Sign, Scheme::Mean];
        let errors = analysis.layers.iter().flat_map(|layer| schemes.map(|scheme| layer.total.error(scheme)));
        let (least, most) =
            errors.fold((1.0, 0.0), |(least, most), error| (error.min(least), error.max(most)));
        let least = f64::min(least, most);
        // Where all are equal, rounding is no difference to show.
        Self(Ticks::around(least, most.max(least + 0.01), 4))
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        (self.0.first()..=self.0.last()).contains(&value)
    }

    pub(super) fn x(&self, value: f64) -> String {
        let (first, last) = (self.0.first(), self.0.last());
        format!("{:.2}%", 100.0 * ((value - first) / (last - first)).clamp(0.0, 1.0))
    }

    pub(super) fn svg(&self, title: &str, format: impl Fn(f64, usize) -> String) -> Markup {
        html! {
            svg.axis-head height="36" role="img" aria-label=(title) {
                text.title x="50%" y="11" { (title) }
                @for &tick in &self.0.values { text x=(self.x(tick)) y="31" { (format(tick, self.0.decimals)) } }
            }
        }
    }

    pub(super) fn grid(&self) -> Markup {
        html! {
            @for &tick in &self.0.values {
                line.grid x1=(self.x(tick)) x2=(self.x(tick)) y1="0" y2="100%" {}
            }
        }
    }
}

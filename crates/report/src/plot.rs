//! Axes and charts as SVG: [`Figure`] is a document of its own, an epoch chart an element of a page.

mod axis;
mod epochs;
mod figure;

use std::fmt::Write;

use maud::{Markup, html};

pub use axis::Axis;
pub(crate) use epochs::{EpochChart, EpochLine};
pub use figure::{Figure, LineStyle, Panel, Series, SeriesColor};

/// The rectangle inside the axes of a chart, in units of the view box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlotArea {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl PlotArea {
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Horizontal coordinate of a value.
    pub(crate) fn x(&self, axis: &Axis, value: f64) -> f64 {
        self.left + self.width * axis.position(value)
    }

    /// Vertical coordinate of a value.
    pub(crate) fn y(&self, axis: &Axis, value: f64) -> f64 {
        self.bottom() - self.height * axis.position(value)
    }

    /// Both axes with their ticks, labels and titles, and the grid.
    pub(crate) fn axes(&self, x: &Axis, y: &Axis) -> Markup {
        let (left, right, bottom) = (self.left, self.right(), self.bottom());
        html! {
            g.axes {
                (self.grid(y))
                @for (value, label) in x.ticks() {
                    @let at = coordinate(self.x(x, value));
                    path.tick d={ "M" (at) " " (bottom) "v5" } {}
                    text x=(at) y=(bottom + 19.0) { (label) }
                }
                path.axis d={ "M" (left) " " (bottom) "H" (right) } {}
                text.axis-title x=((left + right) / 2.0) y=(bottom + 38.0) { (x.title()) }
                @if !y.title().is_empty() {
                    @let (across, down) = (left - 44.0, self.top + self.height / 2.0);
                    text.axis-title x=(across) y=(down) transform={ "rotate(-90 " (across) " " (down) ")" } { (y.title()) }
                }
            }
        }
    }

    /// Lines and labels at the ticks of a vertical axis.
    pub(crate) fn grid(&self, axis: &Axis) -> Markup {
        html! {
            @for (value, label) in axis.ticks() {
                @let at = coordinate(self.y(axis, value));
                path.grid d={ "M" (self.left) " " (at) "H" (self.right()) } {}
                text.left x=(self.left - 7.0) y=(at) dy="4" { (label) }
            }
        }
    }
}

/// A coordinate as SVG writes it, with one decimal.
pub(crate) fn coordinate(value: f64) -> String {
    format!("{value:.1}")
}

/// SVG path of lines from point to point.
pub(crate) fn polyline(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        // Writing to a string does not fail.
        let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' });
    }
    path
}

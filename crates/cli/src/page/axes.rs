use std::fmt::Write;

use maud::{Markup, html};

use super::{chart::Line, number::signed, ticks::Ticks};

/// The picture in its own units: narrow, so that its text stays legible on a phone.
pub(super) const WIDTH: f64 = 440.0;
pub(super) const HEIGHT: f64 = 290.0;
pub(super) const LEFT: f64 = 42.0;
pub(super) const RIGHT: f64 = 316.0;
pub(super) const TOP: f64 = 12.0;
pub(super) const BOTTOM: f64 = 246.0;

/// Values that are marked one by one, at most.
const MARKED: usize = 30;

/// Where numbers lie on the picture.
#[derive(Debug)]
pub(super) struct Axes<'a> {
    epochs: &'a [usize],
    horizontal: Ticks,
    vertical: Ticks,
}

impl<'a> Axes<'a> {
    pub(super) fn new(epochs: &'a [usize], lines: &[Line<'_>]) -> Option<Self> {
        let (&first, &last) = (epochs.first()?, epochs.last()?);
        let bands = || lines.iter().flat_map(|line| &line.band).flat_map(|&(low, high)| [low, high]);
        let values = || lines.iter().flat_map(|line| line.values.iter().copied()).chain(bands());
        let (low, high) =
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let (horizontal, vertical) = (Ticks::whole(first, last, 8), Ticks::around(low, high, 5));
        low.is_finite().then_some(Self { epochs, horizontal, vertical })
    }

    fn x(&self, epoch: f64) -> f64 {
        match (self.epochs.first(), self.epochs.last()) {
            (Some(&first), Some(&last)) if last > first => {
                LEFT + 10.0 + (RIGHT - LEFT - 10.0) * (epoch - first as f64) / (last - first) as f64
            }
            _ => (LEFT + RIGHT) / 2.0,
        }
    }

    /// Where a line has its values, from left to right.
    fn points(&self, values: impl Iterator<Item = f64>) -> Vec<(f64, f64)> {
        self.epochs.iter().zip(values).map(|(&epoch, value)| (self.x(epoch as f64), self.y(value))).collect()
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        let (first, last) = (self.vertical.first(), self.vertical.last());
        BOTTOM - (BOTTOM - TOP) * (value - first) / (last - first)
    }

    pub(super) fn svg(&self) -> Markup {
        html! {
            g.axes {
                @for &value in &self.vertical.values {
                    @let y = number(self.y(value));
                    path.grid d={ "M" (LEFT) " " (y) "H" (RIGHT) } {}
                    text.left x=(LEFT - 7.0) y=(y) dy="4" { (signed(value, self.vertical.decimals)) }
                }
                @for &epoch in &self.horizontal.values {
                    @let x = number(self.x(epoch));
                    path.tick d={ "M" (x) " " (BOTTOM) "v5" } {}
                    text x=(x) y=(BOTTOM + 19.0) { (epoch) }
                }
                path.axis d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } {}
                text x=((LEFT + RIGHT) / 2.0) y=(BOTTOM + 38.0) { "epoch" }
            }
        }
    }

    pub(super) fn line(&self, index: usize, line: &Line<'_>) -> Markup {
        let points = self.points(line.values.iter().copied());
        // Many marks would hide the line.
        let marked = if points.len() <= MARKED { &points[..] } else { &[] };
        html! {
            g class={ "line s" (line.class) } {
                @if !line.band.is_empty() { path.band d=(self.band(&line.band)) {} }
                path d=(course(points.iter())) {}
                @for &point in marked { path.mark d=(mark(index, point)) {} }
            }
        }
    }

    fn band(&self, band: &[(f64, f64)]) -> String {
        let lows = self.points(band.iter().map(|&(low, _)| low));
        let highs = self.points(band.iter().map(|&(_, high)| high));
        course(lows.iter().chain(highs.iter().rev())) + "z"
    }
}

fn course<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> String {
    let mut course = String::new();
    for (x, y) in points {
        // Writing to a string does not fail.
        let _ = write!(course, "{}{x:.1} {y:.1}", if course.is_empty() { 'M' } else { 'L' });
    }
    course
}

/// A circle, a square or a triangle: lines are told apart without colour, too.
fn mark(index: usize, (x, y): (f64, f64)) -> String {
    match index % 3 {
        0 => format!("M{:.1} {y:.1}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", x - 3.0),
        1 => format!("M{:.1} {:.1}h5.4v5.4h-5.4z", x - 2.7, y - 2.7),
        _ => format!("M{x:.1} {:.1}l3.6 6.4h-7.2z", y - 4.2),
    }
}

pub(super) fn number(value: f64) -> String {
    format!("{value:.1}")
}

use std::fmt::Write;

use maud::{Markup, html};

use super::ticks::Ticks;

/// The picture in its own units: narrow, so that its text stays legible on a phone.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 42.0;
const RIGHT: f64 = 316.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 246.0;

/// Least distance between the labels of two lines.
const LABEL_GAP: f64 = 34.0;

/// Values that are marked one by one, at most.
const MARKED: usize = 30;

/// Lines over epochs, each labelled where it ends.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    /// What the lines show; said, not drawn.
    pub title: &'a str,
    /// The epoch of each value, in ascending order.
    pub epochs: Vec<usize>,
    pub lines: Vec<Line<'a>>,
    /// A value as its label says it.
    pub format: fn(f64) -> String,
}

/// One value an epoch.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub name: &'a str,
    /// Its colour, as the style counts them.
    pub class: usize,
    pub values: Vec<f64>,
    /// From where to where values lie whose middle the line is; empty for a line alone.
    pub band: Vec<(f64, f64)>,
}

/// Where numbers lie on the picture.
struct Axes<'a> {
    epochs: &'a [usize],
    horizontal: Ticks,
    vertical: Ticks,
}

impl Chart<'_> {
    pub(crate) fn svg(&self) -> Markup {
        let Some(axes) = Axes::new(&self.epochs, &self.lines) else { return html! {} };
        html! {
            svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(self.spoken()) {
                (axes.svg())
                @for (index, line) in self.lines.iter().enumerate() { (axes.line(index, line)) }
                (self.labels(&axes))
            }
        }
    }

    /// The chart for those who do not see it.
    fn spoken(&self) -> String {
        let mut text = self.title.to_owned();
        for line in &self.lines {
            if let (Some(first), Some(last)) = (line.values.first(), line.values.last()) {
                // Writing to a string does not fail.
                let _ = write!(
                    text,
                    "; {} from {} to {}",
                    line.name,
                    (self.format)(*first),
                    (self.format)(*last)
                );
            }
        }
        text
    }

    fn labels(&self, axes: &Axes<'_>) -> Markup {
        let ends: Vec<f64> =
            self.lines.iter().map(|line| axes.y(line.values.last().copied().unwrap_or(0.0))).collect();
        let places = spread(&ends, LABEL_GAP, TOP + 8.0, BOTTOM - 12.0);
        html! {
            @for ((line, end), place) in self.lines.iter().zip(&ends).zip(places) {
                @let lead = format!("M{:.1} {end:.1}L{:.1} {place:.1}", RIGHT + 7.0, RIGHT + 18.0);
                g class={ "label s" (line.class) } {
                    path.lead d=(lead) {}
                    text x=(RIGHT + 22.0) y=(number(place + 2.0)) {
                        (line.name)
                        tspan x=(RIGHT + 22.0) dy="1.15em" {
                            (line.values.last().map(|value| (self.format)(*value)).unwrap_or_default())
                        }
                    }
                }
            }
        }
    }
}

impl<'a> Axes<'a> {
    fn new(epochs: &'a [usize], lines: &[Line<'_>]) -> Option<Self> {
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

    fn y(&self, value: f64) -> f64 {
        let (first, last) = (self.vertical.first(), self.vertical.last());
        BOTTOM - (BOTTOM - TOP) * (value - first) / (last - first)
    }

    fn svg(&self) -> Markup {
        html! {
            g.axes {
                @for &value in &self.vertical.values {
                    @let y = number(self.y(value));
                    path.grid d={ "M" (LEFT) " " (y) "H" (RIGHT) } {}
                    text.left x=(LEFT - 7.0) y=(y) dy="4" { (format!("{value:.*}", self.vertical.decimals)) }
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

    fn line(&self, index: usize, line: &Line<'_>) -> Markup {
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

fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// Moves places apart until any two are `gap` or more from each other, and keeps them, where there
/// is room, within `low ..= high`. Their order stays.
fn spread(places: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let mut spread = places.to_vec();
    let mut least = low;
    for &index in &order {
        spread[index] = spread[index].max(least);
        least = spread[index] + gap;
    }
    let mut most = high;
    for &index in order.iter().rev() {
        spread[index] = spread[index].min(most);
        most = spread[index] - gap;
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_part_and_stay_inside() {
        assert_eq!(spread(&[50.0, 10.0, 52.0], 20.0, 0.0, 100.0), [50.0, 10.0, 70.0]);
        assert_eq!(spread(&[99.0, 98.0], 20.0, 0.0, 100.0), [100.0, 80.0]);
        assert_eq!(spread(&[1.0], 20.0, 5.0, 100.0), [5.0]);
    }

    #[test]
    fn a_chart_of_one_epoch_or_none_is_drawn() {
        let chart = |values: Vec<f64>| Chart {
            title: "loss",
            epochs: (1..=values.len()).collect(),
            lines: vec![Line { name: "a", class: 0, values, band: Vec::new() }],
            format: |v| v.to_string(),
        };
        assert!(chart(vec![1.0]).svg().into_string().contains("loss; a from 1 to 1"));
        assert_eq!(chart(vec![]).svg().into_string(), "");
    }
}

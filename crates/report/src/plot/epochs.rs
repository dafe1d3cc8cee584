use std::fmt::Write;

use maud::{Markup, html};

use super::{Axis, PlotArea, coordinate, polyline};
use crate::format::signed;

/// Size of the picture, in units of the view box: narrow, so that its text stays legible on a phone.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 290.0;
const AREA: PlotArea = PlotArea { left: 42.0, top: 12.0, width: 274.0, height: 234.0 };
/// Distance of the first epoch from the vertical axis, as a share of the width.
const INDENT: f64 = 10.0 / AREA.width;

/// Least distance between the labels of two lines.
const LABEL_GAP: f64 = 34.0;
/// Upper bound of values that are marked one by one: many marks would hide the line.
const MARKED: usize = 30;

/// A chart of lines over epochs, each labeled at its end.
#[derive(Debug)]
pub(crate) struct EpochChart<'a> {
    /// Title for screen readers.
    pub(crate) title: &'a str,
    /// Epoch of each value, in ascending order.
    pub(crate) epochs: Vec<usize>,
    pub(crate) lines: Vec<EpochLine<'a>>,
    /// Formats a value for its label.
    pub(crate) format: fn(f64) -> String,
}

/// A line with one value per epoch.
#[derive(Debug)]
pub(crate) struct EpochLine<'a> {
    pub(crate) name: &'a str,
    /// Number of its color in the style sheet.
    pub(crate) class: usize,
    pub(crate) values: Vec<f64>,
    /// Range around each value; empty for a line alone.
    pub(crate) band: Vec<(f64, f64)>,
}

impl EpochChart<'_> {
    /// The chart as SVG; empty without values.
    pub(crate) fn svg(&self) -> Markup {
        let Some((x, y)) = self.axes() else { return html! {} };
        html! {
            svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(self.spoken()) {
                (AREA.axes(&x, &y))
                @for (index, line) in self.lines.iter().enumerate() { (self.line(index, line, &x, &y)) }
                (self.labels(&y))
            }
        }
    }

    fn axes(&self) -> Option<(Axis, Axis)> {
        let (&first, &last) = (self.epochs.first()?, self.epochs.last()?);
        let bands = self.lines.iter().flat_map(|line| &line.band).flat_map(|&(low, high)| [low, high]);
        let values = self.lines.iter().flat_map(|line| line.values.iter().copied()).chain(bands);
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        low.is_finite().then(|| (Axis::epochs(first, last, INDENT), Axis::enclosing(low, high, 5, signed)))
    }

    /// Description for screen readers.
    fn spoken(&self) -> String {
        let mut text = self.title.to_owned();
        for EpochLine { name, values, .. } in &self.lines {
            if let (Some(first), Some(last)) = (values.first(), values.last()) {
                // Writing to a string does not fail.
                let _ = write!(text, "; {name} from {} to {}", (self.format)(*first), (self.format)(*last));
            }
        }
        text
    }

    fn line(&self, index: usize, line: &EpochLine<'_>, x: &Axis, y: &Axis) -> Markup {
        let points = |values: &mut dyn Iterator<Item = f64>| -> Vec<(f64, f64)> {
            let epochs = self.epochs.iter().map(|&epoch| AREA.x(x, epoch as f64));
            epochs.zip(values).map(|(x, value)| (x, AREA.y(y, value))).collect()
        };
        let center = points(&mut line.values.iter().copied());
        let lows = points(&mut line.band.iter().map(|&(low, _)| low));
        let highs = points(&mut line.band.iter().map(|&(_, high)| high));
        let marked = if center.len() <= MARKED { &center[..] } else { &[] };
        html! {
            g class={ "line s" (line.class) } {
                @if !line.band.is_empty() {
                    path.band d={ (polyline(lows.into_iter().chain(highs.into_iter().rev()))) "z" } {}
                }
                path d=(polyline(center.iter().copied())) {}
                @for &point in marked { path.mark d=(mark(index, point)) {} }
            }
        }
    }

    fn labels(&self, axis: &Axis) -> Markup {
        let last = |line: &EpochLine<'_>| AREA.y(axis, line.values.last().copied().unwrap_or(0.0));
        let ends: Vec<f64> = self.lines.iter().map(last).collect();
        let places = spread(&ends, LABEL_GAP, AREA.top + 8.0, AREA.bottom() - 12.0);
        let right = AREA.right();
        html! {
            @for ((line, end), place) in self.lines.iter().zip(&ends).zip(places) {
                @let lead = format!("M{:.1} {end:.1}L{:.1} {place:.1}", right + 7.0, right + 18.0);
                g class={ "label s" (line.class) } {
                    path.lead d=(lead) {}
                    text x=(right + 22.0) y=(coordinate(place + 2.0)) {
                        (line.name)
                        tspan x=(right + 22.0) dy="1.15em" {
                            (line.values.last().map(|value| (self.format)(*value)).unwrap_or_default())
                        }
                    }
                }
            }
        }
    }
}

/// A circle, a square or a triangle: lines are told apart without color, too.
fn mark(index: usize, (x, y): (f64, f64)) -> String {
    match index % 3 {
        0 => format!("M{:.1} {y:.1}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", x - 3.0),
        1 => format!("M{:.1} {:.1}h5.4v5.4h-5.4z", x - 2.7, y - 2.7),
        _ => format!("M{x:.1} {:.1}l3.6 6.4h-7.2z", y - 4.2),
    }
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
        let chart = |values: Vec<f64>| EpochChart {
            title: "loss",
            epochs: (1..=values.len()).collect(),
            lines: vec![EpochLine { name: "a", class: 0, values, band: Vec::new() }],
            format: |v| v.to_string(),
        };
        assert!(chart(vec![1.0]).svg().into_string().contains("loss; a from 1 to 1"));
        assert_eq!(chart(vec![]).svg().into_string(), "");
    }
}

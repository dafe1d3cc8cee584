use std::fmt::Write;

use maud::{Markup, html};

use super::axes::{Axes, BOTTOM, HEIGHT, RIGHT, TOP, WIDTH, number};

/// Least distance between the labels of two lines.
const LABEL_GAP: f64 = 34.0;

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

//! How training went.

use maud::{Markup, html};

use super::Outcome;
use crate::{
    page::chart::{Chart, Line},
    quickstart::CurvePoint,
};

pub(super) fn section(outcomes: &[Outcome]) -> Markup {
    let loss = chart(outcomes, "training loss per epoch", loss, |value| format!("{value:.3}"));
    let accuracy =
        chart(outcomes, "training accuracy per epoch", accuracy, |value| format!("{value:.1}\u{a0}%"));
    html! {
        section aria-labelledby="curves" {
            h2 #curves { "How training went" }
            .pair {
                figure { figcaption { strong { "Loss" } " · lower is better" } (loss.svg()) }
                figure { figcaption { strong { "Accuracy" } ", % · higher is better" } (accuracy.svg()) }
            }
            p.note {
                "Means over one pass through the training sketches, which are distorted at random: no "
                "sketch is seen twice alike. Accuracy on them is not accuracy on the test sketches. The "
                "binary networks start from the convolutions of the full-precision one."
            }
            (numbers(outcomes))
        }
    }
}

fn chart<'a>(
    outcomes: &'a [Outcome],
    title: &'a str,
    of: fn(&CurvePoint) -> f64,
    format: fn(f64) -> String,
) -> Chart<'a> {
    let line = |(class, outcome): (usize, &'a Outcome)| {
        let values = outcome.curve.iter().map(of).filter(|value| value.is_finite()).collect();
        Line { name: outcome.contender.name, class, values, band: Vec::new() }
    };
    let lines: Vec<Line<'a>> = outcomes.iter().enumerate().map(line).collect();
    let epochs = lines.iter().map(|line| line.values.len()).max().unwrap_or(0);
    Chart { title, epochs: (1..=epochs).collect(), lines, format }
}

fn loss(point: &CurvePoint) -> f64 {
    f64::from(point.loss)
}

fn accuracy(point: &CurvePoint) -> f64 {
    100.0 * f64::from(point.accuracy)
}

/// The curves as a table.
fn numbers(outcomes: &[Outcome]) -> Markup {
    let epochs = outcomes.iter().map(|outcome| outcome.curve.len()).max().unwrap_or(0);
    html! {
        details {
            summary { "The same as numbers" }
            .scroll {
                table.numbers {
                    thead {
                        tr {
                            th scope="col" rowspan="2" { "epoch" }
                            @for outcome in outcomes {
                                th scope="colgroup" colspan="2" { (outcome.contender.name) }
                            }
                        }
                        tr {
                            @for _ in outcomes { th scope="col" { "loss" } th scope="col" { "%" } }
                        }
                    }
                    tbody {
                        @for epoch in 0..epochs {
                            tr {
                                th scope="row" { (epoch + 1) }
                                @for outcome in outcomes { (point(outcome.curve.get(epoch))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn point(point: Option<&CurvePoint>) -> Markup {
    html! {
        td { (point.map(|point| format!("{:.3}", loss(point))).unwrap_or_default()) }
        td { (point.map(|point| format!("{:.1}", accuracy(point))).unwrap_or_default()) }
    }
}

//! Loss and accuracy over the epochs of training.

use maud::{Markup, html};

use super::NetworkReport;
use crate::plot::{EpochChart, EpochLine};

pub(super) fn section(networks: &[NetworkReport]) -> Markup {
    let loss = chart(networks, "training loss per epoch", loss, |value| format!("{value:.3}"));
    let accuracy =
        chart(networks, "training accuracy per epoch", accuracy, |value| format!("{value:.1}\u{a0}%"));
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
            (numbers(networks))
        }
    }
}

fn chart<'a>(
    networks: &'a [NetworkReport],
    title: &'a str,
    values: fn(&NetworkReport) -> Vec<f64>,
    format: fn(f64) -> String,
) -> EpochChart<'a> {
    let line = |(class, network): (usize, &'a NetworkReport)| {
        let values = values(network).into_iter().filter(|value| value.is_finite()).collect();
        EpochLine { name: network.name, class, values, band: Vec::new() }
    };
    let lines: Vec<EpochLine<'a>> = networks.iter().enumerate().map(line).collect();
    let epochs = lines.iter().map(|line| line.values.len()).max().unwrap_or(0);
    EpochChart { title, epochs: (1..=epochs).collect(), lines, format }
}

fn loss(network: &NetworkReport) -> Vec<f64> {
    network.loss.iter().map(|&loss| f64::from(loss)).collect()
}

/// Accuracy in per cent.
fn accuracy(network: &NetworkReport) -> Vec<f64> {
    network.accuracy.iter().map(|&accuracy| 100.0 * f64::from(accuracy)).collect()
}

/// The curves as a table.
fn numbers(networks: &[NetworkReport]) -> Markup {
    let epochs = networks.iter().map(|network| network.loss.len()).max().unwrap_or(0);
    html! {
        details {
            summary { "The same as numbers" }
            .scroll {
                table.numbers {
                    thead {
                        tr {
                            th scope="col" rowspan="2" { "epoch" }
                            @for network in networks {
                                th scope="colgroup" colspan="2" { (network.name) }
                            }
                        }
                        tr {
                            @for _ in networks { th scope="col" { "loss" } th scope="col" { "%" } }
                        }
                    }
                    tbody {
                        @for epoch in 0..epochs {
                            tr {
                                th scope="row" { (epoch + 1) }
                                @for network in networks { (cells(network, epoch)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cells(network: &NetworkReport, epoch: usize) -> Markup {
    html! {
        td { (loss(network).get(epoch).map(|loss| format!("{loss:.3}")).unwrap_or_default()) }
        td { (accuracy(network).get(epoch).map(|share| format!("{share:.1}")).unwrap_or_default()) }
    }
}

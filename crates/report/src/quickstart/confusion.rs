//! Confusion matrices and the most frequent confusions.

use maud::{Markup, html};

use super::{NetworkReport, QuickstartReport};

/// Upper bound of confusions told in words.
const TOLD: usize = 5;

/// Shading above which the number on it is light.
const DEEP: u32 = 85;

/// A cell of the matrix off the diagonal.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ConfusedPair {
    label: usize,
    answer: usize,
    count: u32,
}

pub(super) fn section(report: &QuickstartReport) -> Markup {
    let Some((last, others)) = report.networks.split_last() else { return html! {} };
    html! {
        section aria-labelledby="confusion" {
            h2 #confusion { "What is taken for what" }
            p {
                "A row for each word that was drawn, a column for each answer of " (last.name)
                ". Right answers lie on the diagonal, framed; everything else is a mistake."
            }
            (in_full(last, &report.labels))
            @for network in others {
                details {
                    summary { "The same for " (network.name) }
                    (in_full(network, &report.labels))
                }
            }
        }
    }
}

fn in_full(network: &NetworkReport, labels: &[String]) -> Markup {
    html! { .beside { (matrix(network, labels)) (told(network, labels)) } }
}

fn told(network: &NetworkReport, labels: &[String]) -> Markup {
    let confusions = most_frequent(&network.confusion);
    let drawn = |label: usize| network.confusion[label].iter().sum::<u32>();
    html! {
        @if confusions.is_empty() {
            p { "Nothing was taken for anything else." }
        } @else {
            div {
                h3 { "Most often" }
                ol.told {
                    @for ConfusedPair { label, answer, count } in confusions.into_iter().take(TOLD) {
                        li {
                            strong { (labels[label]) } " taken for " strong { (labels[answer]) } ", "
                            (count) "\u{a0}of\u{a0}" (drawn(label)) "\u{a0}times"
                        }
                    }
                }
            }
        }
    }
}

/// Cells off the diagonal, the most frequent first, otherwise in the matrix's order.
fn most_frequent(confusion: &[Vec<u32>]) -> Vec<ConfusedPair> {
    let mut mistakes: Vec<ConfusedPair> = confusion
        .iter()
        .enumerate()
        .flat_map(|(label, row)| {
            row.iter().enumerate().map(move |(answer, &count)| ConfusedPair { label, answer, count })
        })
        .filter(|cell| cell.label != cell.answer && cell.count > 0)
        .collect();
    mistakes.sort_by_key(|cell| std::cmp::Reverse(cell.count));
    mistakes
}

fn matrix(network: &NetworkReport, labels: &[String]) -> Markup {
    html! {
        .scroll tabindex="0" role="region" aria-label={ "Confusion matrix of " (network.name) } {
            table.matrix {
                thead {
                    tr {
                        td.corner { "drawn ↓" br; "answer →" }
                        @for label in labels { th scope="col" { span { (label) } } }
                    }
                }
                tbody {
                    @for (label, row) in network.confusion.iter().enumerate() {
                        tr { th scope="row" { (labels[label]) } (cells(label, row)) }
                    }
                }
            }
        }
    }
}

fn cells(label: usize, row: &[u32]) -> Markup {
    let sum = row.iter().sum::<u32>().max(1);
    html! {
        @for (answer, &count) in row.iter().enumerate() {
            @let shade = shade(count, sum);
            @let (right, deep) = (label == answer, shade > DEEP);
            @if count == 0 && !right {
                td {}
            } @else {
                td.right[right].wrong[!right].deep[deep] style={ "--p:" (shade) "%" } {
                    (count)
                }
            }
        }
    }
}

/// Shading of a cell in per cent: its share of the row, raised so that even one sketch is visible.
fn shade(count: u32, sum: u32) -> u32 {
    if count == 0 { 0 } else { 10 + 90 * count / sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_counted_off_the_diagonal() {
        let mistakes = most_frequent(&[vec![9, 1, 0], vec![0, 8, 2], vec![1, 0, 9]]);
        let cell = |label, answer, count| ConfusedPair { label, answer, count };
        assert_eq!(mistakes, [cell(1, 2, 2), cell(0, 1, 1), cell(2, 0, 1)]);
    }

    #[test]
    fn even_one_sketch_is_seen() {
        assert_eq!([shade(0, 30), shade(1, 30), shade(15, 30), shade(30, 30)], [0, 13, 55, 100]);
    }
}

//! The conclusion, as a sentence and as a chart.

use std::cmp::Ordering;

use maud::{Markup, html};

use super::{NetworkReport, answers::NetworkAnswers};
use crate::{
    format::{grouped, percent},
    page::{ChartBar, bar_chart},
};

/// Comparison of the last network with each of the others, whichever way it goes.
pub(super) fn sentence(networks: &[NetworkReport], answers: &[NetworkAnswers]) -> Option<String> {
    let (last, others) = networks.split_last()?;
    let (own, answers) = answers.split_last()?;
    let against: Vec<String> = others
        .iter()
        .zip(answers)
        .map(|(other, answer)| difference(own.right(), answer.right(), other.name))
        .collect();
    let mut sentence = format!(
        "{} names {} of {} unseen sketches correctly ({})",
        last.name,
        own.right(),
        own.len(),
        percent(last.top1)
    );
    if !against.is_empty() {
        sentence += &format!(": {}", against.join(" and "));
    }
    if let Some(full) = others.first() {
        sentence += &format!(", in a file {}", size(last.file_bytes, full.file_bytes));
    }
    Some(sentence + ".")
}

/// A difference in sketches: percentage points would be rounded twice and not match the table.
fn difference(own: usize, other: usize, name: &str) -> String {
    match own.cmp(&other) {
        Ordering::Less => format!("{} fewer than {name}", other - own),
        Ordering::Equal => format!("as many as {name}"),
        Ordering::Greater => format!("{} more than {name}", own - other),
    }
}

fn size(own: u64, full: u64) -> String {
    let ratio = full as f64 / own.max(1) as f64;
    if ratio > 1.0 {
        format!("{ratio:.1} times smaller")
    } else {
        format!("{:.1} times as large", 1.0 / ratio)
    }
}

/// Sentence on whether two accuracies differ by more than chance alone makes likely.
///
/// Sketches that both get right, or both wrong, say nothing of which is better. Were the two
/// equally good, the others would fall either way like a coin: their counts then differ by more
/// than twice the root of their sum in one case out of twenty (McNemar's test).
pub(super) fn certainty(own: (&str, usize), other: (&str, usize)) -> String {
    let (apart, sum) = (own.1.abs_diff(other.1) as f64, (own.1 + other.1) as f64);
    let verdict = if sum == 0.0 {
        "on these sketches they are equals"
    } else if apart <= sum.sqrt() {
        "chance alone easily makes a difference like that"
    } else if apart <= 2.0 * sum.sqrt() {
        "chance alone may well make a difference like that"
    } else {
        "the choice of sketches alone rarely makes a difference like that, but another seed may"
    };
    format!("Only {} gets {} sketches right, only {} gets {}: {verdict}.", own.0, own.1, other.0, other.1)
}

/// Bar charts of accuracy and file size.
pub(super) fn figure(networks: &[NetworkReport]) -> Markup {
    let largest = networks.iter().map(|network| network.file_bytes).max().unwrap_or(0).max(1) as f64;
    let accuracy = networks.iter().enumerate().map(|(class, network)| ChartBar {
        class,
        name: network.name,
        share: network.top1,
        value: percent(network.top1),
    });
    let size = networks.iter().enumerate().map(|(class, network)| ChartBar {
        class,
        name: network.name,
        share: network.file_bytes as f64 / largest,
        value: format!("{}\u{a0}kB", grouped((network.file_bytes + 500) / 1000)),
    });
    html! {
        .headline {
            (bar_chart("Right with the first answer", accuracy))
            (bar_chart("Size of the file", size))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_whichever_way_it_goes() {
        assert_eq!(difference(90, 80, "x"), "10 more than x");
        assert_eq!(difference(80, 90, "x"), "10 fewer than x");
        assert_eq!(difference(8, 8, "x"), "as many as x");
        assert_eq!(size(10, 121), "12.1 times smaller");
        assert_eq!(size(20, 10), "2.0 times as large");
    }

    #[test]
    fn certainty_follows_the_sketches_only_one_gets_right() {
        let told = |a, b| certainty(("a", a), ("b", b));
        assert!(told(0, 0).contains("equals"));
        assert!(told(27, 25).contains("easily"));
        assert!(told(32, 20).contains("may well"));
        assert!(told(60, 20).contains("rarely"));
    }
}

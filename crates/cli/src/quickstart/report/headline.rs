//! The verdict as a picture.

use maud::{Markup, html};

use super::Outcome;
use crate::{page::number::percent, table::grouped};

/// One bar.
struct Bar {
    /// Of the full width.
    share: f64,
    value: String,
}

pub(super) fn figure(outcomes: &[Outcome]) -> Markup {
    let accuracy =
        |outcome: &Outcome| Bar { share: outcome.evaluation.top1, value: percent(outcome.evaluation.top1) };
    let largest = outcomes.iter().map(|outcome| outcome.bytes).max().unwrap_or(0).max(1) as f64;
    let size = |outcome: &Outcome| Bar {
        share: outcome.bytes as f64 / largest,
        value: format!("{}\u{a0}kB", grouped((outcome.bytes + 500) / 1000)),
    };
    html! {
        .headline {
            (bars("Right with the first answer", outcomes, accuracy))
            (bars("Size of the file", outcomes, size))
        }
    }
}

fn bars(caption: &str, outcomes: &[Outcome], bar: impl Fn(&Outcome) -> Bar) -> Markup {
    html! {
        figure {
            figcaption { (caption) }
            ul.bars {
                @for (index, outcome) in outcomes.iter().enumerate() {
                    @let Bar { share, value } = bar(outcome);
                    li class={ "s" (index) } {
                        span { (outcome.contender.name) }
                        span.share { (value) }
                        i style={ "width:" (format!("{:.1}", 100.0 * share)) "%" } {}
                    }
                }
            }
        }
    }
}

//! Page of a weight analysis.

mod errors;
mod header;
mod layers;
mod marks;
mod misfits;
mod overview;
mod responses;
mod ridges;
mod training;

use maud::{Markup, html};

use super::WeightAnalysis;
use crate::page::{attribution, document};

/// The whole page, without sections for which there is no data.
pub(super) fn page(analysis: &WeightAnalysis) -> String {
    let body = html! {
        (header::header(analysis))
        main {
            (overview::section(analysis))
            @if let Some(history) = &analysis.history { (training::section(history)) }
            (layers::section(analysis))
            (misfits::section(analysis))
        }
        (footer(analysis))
    };
    let title = format!("dabnet analyze: {}", analysis.name);
    document(&title, include_str!("page/style.css"), &body)
}

fn footer(analysis: &WeightAnalysis) -> Markup {
    html! {
        footer {
            p {
                "The same as numbers: " code { "dabnet analyze --json" } ". Binarize the file: "
                code { "dabnet binarize" } "."
            }
            @if analysis.probe.is_bundled { (attribution()) }
        }
    }
}

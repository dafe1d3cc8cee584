//! The page about a network's weights.

mod axis;
mod errors;
mod header;
mod layers;
mod marks;
mod misfits;
mod name;
mod overview;
mod responses;
mod ridges;
mod training;

use maud::{Markup, html};

use super::Analysis;
use crate::page::document::{attribution, document};

/// The whole page. What is not known, the history of weights that come without one, is left out.
pub(super) fn page(analysis: &Analysis) -> String {
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
    document(&title, include_str!("report/style.css"), &body).into_string()
}

fn footer(analysis: &Analysis) -> Markup {
    html! {
        footer {
            p {
                "The same as numbers: " code { "dabnet analyze --json" } ". Binarize the file: "
                code { "dabnet binarize" } "."
            }
            @if analysis.stage.bundled { (attribution()) }
        }
    }
}

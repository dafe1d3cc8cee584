//! Elements that pages are made of: document, facts, drawings, pictures of weights, histograms.

mod drawing;
mod filter_card;
mod histogram;
mod picture;
mod tiles;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(crate) use drawing::drawing;
pub(crate) use filter_card::{FilterCard, color_scale};
pub(crate) use histogram::{Histogram, largest_magnitude};
pub(crate) use picture::DataUriPicture;
pub(crate) use tiles::TileLayout;

/// Source of the bundled sketches and its license, which asks for the links.
const DATA: &str = "https://github.com/googlecreativelab/quickdraw-dataset";
const LICENSE: &str = "https://creativecommons.org/licenses/by/4.0/";

/// A whole page in one file that needs nothing but a browser; `style` follows the CSS that all pages share.
pub(crate) fn document(title: &str, style: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("page/style.css"))) (PreEscaped(style)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// A list of the most important numbers, each with its name.
pub(crate) fn facts(facts: impl IntoIterator<Item = (&'static str, String)>) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}

/// Attribution of the bundled sketches.
pub(crate) fn attribution() -> Markup {
    html! {
        p {
            "Sketches: " a href=(DATA) { "the Quick, Draw! dataset" } " by Google, "
            a href=(LICENSE) { "CC BY 4.0" } "."
        }
    }
}

/// One row of a bar chart: its name, a share of the full width, and the value as text.
pub(crate) struct ChartBar<'a> {
    pub(crate) class: usize,
    pub(crate) name: &'a str,
    pub(crate) share: f64,
    pub(crate) value: String,
}

/// A captioned bar chart.
pub(crate) fn bar_chart<'a>(caption: &str, bars: impl IntoIterator<Item = ChartBar<'a>>) -> Markup {
    html! {
        figure {
            figcaption { (caption) }
            ul.bars {
                @for ChartBar { class, name, share, value } in bars {
                    li class={ "s" (class) } {
                        span { (name) }
                        span.share { (value) }
                        i style={ "width:" (format!("{:.1}", 100.0 * share)) "%" } {}
                    }
                }
            }
        }
    }
}

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Where the bundled sketches come from; their licence asks for the links.
const DATA: &str = "https://github.com/googlecreativelab/quickdraw-dataset";
const LICENCE: &str = "https://creativecommons.org/licenses/by/4.0/";

/// A page in one file that needs nothing but a browser; `style` comes after what all pages share.
pub(crate) fn document(title: &str, style: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) (PreEscaped(style)) }
            }
            body { (body) }
        }
    }
}

/// Numbers to know first, each with what it counts.
pub(crate) fn facts(facts: impl IntoIterator<Item = (&'static str, String)>) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}

/// Whose the bundled sketches are.
pub(crate) fn attribution() -> Markup {
    html! {
        p {
            "Sketches: " a href=(DATA) { "the Quick, Draw! dataset" } " by Google, "
            a href=(LICENCE) { "CC BY 4.0" } "."
        }
    }
}

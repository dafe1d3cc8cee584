//! How each scheme is marked, wherever it is: by colour and by form.

use dabnet_binarize::Scheme;
use maud::{Markup, html};

/// The colour of a scheme, as the style counts them.
pub(super) const fn class(scheme: Scheme) -> usize {
    match scheme {
        Scheme::Dab => 2,
        Scheme::Sign => 1,
        Scheme::Mean => 0,
        Scheme::DabPublished => 3,
    }
}

/// A mark around the origin.
const fn form(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Dab => "M-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0 -8.4 0z",
        Scheme::Sign => "M-3.6 -3.6h7.2v7.2h-7.2z",
        Scheme::Mean => "M0 -4.6l4.4 7.8h-8.8z",
        Scheme::DabPublished => "M-3.5 -3.5l7 7M-3.5 3.5l7 -7",
    }
}

/// The mark of a scheme at a place of a drawing, in any of SVG's units.
pub(super) fn mark(scheme: Scheme, x: &str, y: &str) -> Markup {
    html! {
        svg.mark.{ "s" (class(scheme)) } x=(x) y=(y) overflow="visible" { path d=(form(scheme)) {} }
    }
}

/// Which mark is which scheme.
pub(super) fn legend() -> Markup {
    html! {
        ul.legend {
            @for scheme in Scheme::ALL {
                li {
                    svg width="14" height="14" aria-hidden="true" { (mark(scheme, "7", "7")) }
                    b { (scheme.name()) } " " (meaning(scheme))
                }
            }
        }
    }
}

const fn meaning(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Dab => "the best two values, α and β",
        Scheme::Sign => "±m, m = mean|W| (XNOR-Net)",
        Scheme::Mean => "split at the filter’s mean (AdaBin)",
        Scheme::DabPublished => "the code published with the paper",
    }
}

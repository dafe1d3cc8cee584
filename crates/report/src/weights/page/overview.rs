//! All layers at a glance.

use dabnet_binarize::Scheme;
use maud::{Markup, html};

use super::{
    super::{LayerAnalysis, Quartiles, WeightAnalysis},
    marks::{PercentAxis, breakable, class, legend, mark},
};
use crate::format::{evenly_spaced, grouped, percent};

/// Upper bound of layers drawn; the table has all.
const DRAWN: usize = 100;

pub(super) fn section(analysis: &WeightAnalysis) -> Markup {
    let drawn = evenly_spaced(analysis.layers.len(), DRAWN);
    html! {
        section aria-labelledby="overview" {
            h2 #overview { "Layer by layer" }
            p {
                "Left, the relative error ‖W − W̃‖² / ‖W‖² of each layer: the share of its weights’ square "
                "that two values a filter miss. Right, K/n: the share of a filter’s weights that become the "
                "greater value."
            }
            (legend())
            (figure(analysis, &drawn))
            @if drawn.len() < analysis.layers.len() {
                p.note { "Drawn: " (drawn.len()) " of " (analysis.layers.len()) " layers, evenly apart." }
            }
            p.note {
                "K/n: from least to greatest among the layer’s filters (line), the middle half (bar) and the "
                "median (mark), under dab above and sign below. A mark of dab-published that is not there lies beyond the axis. "
                @if analysis.has_ends() {
                    "The first and the last layer are shown, too: dabnet binarize leaves them alone unless named."
                }
            }
            (table(analysis))
        }
    }
}

fn figure(analysis: &WeightAnalysis, drawn: &[usize]) -> Markup {
    let axis = PercentAxis::of_errors(analysis);
    let shares = PercentAxis::of_shares();
    html! {
        .strips {
            .strip.head {
                span {}
                (axis.head("relative error"))
                (shares.head("K/n"))
            }
            @for &index in drawn {
                @let layer = &analysis.layers[index];
                .strip {
                    span.name { (breakable(&layer.name)) @if let Some(end) = layer.end { small { (end) } } }
                    (errors(layer, &axis))
                    (shares_of(layer, &shares))
                }
            }
        }
    }
}

fn errors(layer: &LayerAnalysis, axis: &PercentAxis) -> Markup {
    let told = Scheme::ALL.map(|scheme| format!("{} {}", scheme.name(), percent(layer.total.error(scheme))));
    html! {
        svg.plot height="30" role="img" aria-label={ (layer.name) ": " (told.join(", ")) } {
            (axis.grid())
            @let (low, high) = (axis.x(layer.total.error(Scheme::Dab)), axis.x(layer.total.error(Scheme::Sign)));
            line.link x1=(low) x2=(high) y1="15" y2="15" {}
            @for scheme in Scheme::ALL.into_iter().rev().filter(|&scheme| axis.contains(layer.total.error(scheme))) {
                (mark(scheme, &axis.x(layer.total.error(scheme)), "15"))
            }
        }
    }
}

fn shares_of(layer: &LayerAnalysis, axis: &PercentAxis) -> Markup {
    let [dab, sign] = [Scheme::Dab, Scheme::Sign].map(|scheme| layer.shares[scheme as usize]);
    html! {
        svg.plot height="30" role="img" aria-label={
            (layer.name) ": K/n from " (share(dab.least)) " to " (share(dab.greatest)) ", median "
            (share(dab.median)) "; under sign " (share(sign.median))
        } {
            (axis.grid())
            (range(Scheme::Dab, &dab, axis, 10))
            (range(Scheme::Sign, &sign, axis, 21))
        }
    }
}

fn range(scheme: Scheme, quartiles: &Quartiles, axis: &PercentAxis, y: u32) -> Markup {
    html! {
        g.range.{ "s" (class(scheme)) } {
            line x1=(axis.x(quartiles.least)) x2=(axis.x(quartiles.greatest)) y1=(y) y2=(y) {}
            line.half x1=(axis.x(quartiles.lower)) x2=(axis.x(quartiles.upper)) y1=(y) y2=(y) {}
        }
        (mark(scheme, &axis.x(quartiles.median), &y.to_string()))
    }
}

fn table(analysis: &WeightAnalysis) -> Markup {
    html! {
        details open[analysis.layers.len() <= 12] {
            summary { "The same as numbers" }
            .scroll {
                table.numbers {
                    thead {
                        tr {
                            th scope="col" rowspan="2" { "layer" }
                            th scope="col" rowspan="2" { "shape" }
                            th scope="col" rowspan="2" { "filters" }
                            th scope="col" rowspan="2" { "n" }
                            th scope="colgroup" colspan="4" { "relative error" }
                            th scope="colgroup" colspan="2" { "K/n: least · median · greatest" }
                        }
                        tr {
                            @for scheme in Scheme::ALL { th scope="col" { (scheme.name()) } }
                            th scope="col" { "dab" }
                            th scope="col" { "sign" }
                        }
                    }
                    tbody { @for layer in &analysis.layers { (row(layer)) } }
                }
            }
        }
    }
}

fn row(layer: &LayerAnalysis) -> Markup {
    let shape: Vec<String> = layer.shape.iter().map(usize::to_string).collect();
    let range = |scheme: Scheme| {
        let quartiles = layer.shares[scheme as usize];
        [quartiles.least, quartiles.median, quartiles.greatest].map(share).join(" · ")
    };
    html! {
        tr {
            th scope="row" { (layer.name) }
            td { (shape.join("×")) }
            td { (grouped(layer.total.filters as u64)) }
            td { (grouped(layer.n as u64)) }
            @for scheme in Scheme::ALL { td { (percent(layer.total.error(scheme))) } }
            td { (range(Scheme::Dab)) }
            td { (range(Scheme::Sign)) }
        }
    }
}

fn share(share: f64) -> String {
    format!("{share:.2}")
}

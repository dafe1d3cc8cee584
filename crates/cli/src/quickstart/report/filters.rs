//! Filters before and after they become two values.

use dabnet_binarize::Split;
use dabnet_graph::Precision;
use maud::{Markup, html};

use super::{
    Outcome,
    layer::{Filter, Layer},
};
use crate::page::{
    card::{Card, scale},
    histogram::limit,
    number::{evenly, mean, median, percent},
    picture::Picture,
    tiles::Tiles,
};

/// Filters shown of the layer.
const SHOWN: usize = 6;

pub(super) fn section(outcome: &Outcome) -> Markup {
    let layers = Layer::all(&outcome.trained);
    let Some(layer) = layers.iter().find(|layer| layer.precision.binary_weights()) else { return html! {} };
    html! {
        section aria-labelledby="filters" {
            h2 #filters { "Filters before and after binarization" }
            p {
                "Training moves real weights W; the packed " (outcome.contender.name) " keeps only which of "
                "two values stands for each. A filter of layer " code { (layer.name) } " looks at "
                (layer.channels) " channels, so it is drawn as " (layer.channels) " tiles of "
                (side(layer)) " weights. Left, the weights as trained; then the same weights as ±m, the way "
                "of XNOR-Net, with m = mean|W|; then as α and β."
            }
            (filters(layer))
            p.note {
                "The error is ‖W − W̃‖² / ‖W‖²: the share of the filter that the two values miss. Where the "
                "weights are spread evenly around zero, α and β come out close to ±m; where they lean to one "
                "side, the two values move with them."
            }
            (layer_table(&layers))
            @if let Some(first) = layers.first().filter(|first| first.precision == Precision::Full) {
                (first_layer(first))
            }
        }
    }
}

fn filters(layer: &Layer<'_>) -> Markup {
    let mut filters = layer.filters();
    let count = filters.len();
    filters.sort_by(|a, b| a.gain().total_cmp(&b.gain()));
    let shown = evenly(count, SHOWN);
    html! {
        p {
            (shown.len()) " of the layer’s " (count) " filters, from the one for which two free values "
            "matter least to the one for which they matter most, evenly apart:"
        }
        .filters { @for place in shown { (card(layer, &filters[place])) } }
    }
}

fn card(layer: &Layer<'_>, filter: &Filter<'_>) -> Markup {
    let title = html! { "Filter " (filter.index + 1) };
    Card::new(filter.weights, layer.tiles(), filter.sign, filter.dab).markup(&title, &html! {})
}

/// Whether the layer shown is typical: all binary layers, a line each.
fn layer_table(layers: &[Layer<'_>]) -> Markup {
    html! {
        h3 { "All binary layers" }
        .scroll {
            table.numbers {
                thead {
                    tr {
                        th scope="col" { "layer" }
                        th scope="col" { "filters" }
                        th scope="col" { "n" }
                        th scope="col" { "K/n, %" }
                        th scope="col" { "error of ±m" }
                        th scope="col" { "error of α, β" }
                    }
                }
                tbody {
                    @for layer in layers.iter().filter(|layer| layer.precision.binary_weights()) {
                        (layer_row(layer))
                    }
                }
            }
        }
        p.note {
            "n: weights in a filter. K: how many of them become α; least, median and largest share among "
            "the layer’s filters. Errors are means over its filters."
        }
    }
}

fn layer_row(layer: &Layer<'_>) -> Markup {
    let filters = layer.filters();
    let mut shares: Vec<f64> = filters.iter().map(|filter| 100.0 * filter.upper_share()).collect();
    shares.sort_by(f64::total_cmp);
    let range: Vec<String> = [shares.first().copied(), median(&shares), shares.last().copied()]
        .into_iter()
        .flatten()
        .map(|share| format!("{share:.0}"))
        .collect();
    let error = |split: fn(&Filter<'_>) -> Split| {
        percent(mean(filters.iter().map(|filter| split(filter).relative_error(filter.weights))))
    };
    html! {
        tr {
            th scope="row" { (layer.name) }
            td { (filters.len()) }
            td { (layer.channels * layer.kernel * layer.kernel) }
            td { (range.join(" · ")) }
            td { (error(|filter| filter.sign)) }
            td { (error(|filter| filter.dab)) }
        }
    }
}

fn first_layer(layer: &Layer<'_>) -> Markup {
    let kernels = layer.weights.len() / layer.tiles().len();
    let tiles = Tiles { count: kernels, ..layer.tiles() };
    let limit = limit(layer.weights);
    let alt = format!("{kernels} kernels of {0} by {0} real weights", layer.kernel);
    html! {
        h3 { "The first layer keeps its real weights" }
        p {
            "Layer " code { (layer.name) } " sees the sketch itself. Its " (kernels) " kernels of "
            (side(layer))
            " are raised by ink where they are brown and lowered by it where they are teal; one with a stripe "
            "answers to a line at that angle."
        }
        figure.first-layer {
            (Picture::of_tiles(layer.weights, tiles, limit).img(&alt))
            (scale(limit))
        }
    }
}

fn side(layer: &Layer<'_>) -> String {
    format!("{0}×{0}", layer.kernel)
}

//! Filters before and after they become two values.

use dabnet_binarize::Split;
use dabnet_graph::Precision;
use maud::{Markup, html};

use super::{
    Outcome, histogram,
    layer::{Filter, Layer, limit, relative_error},
    number::{evenly, mean, median, percent, signed},
    picture::Picture,
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
    let limit = limit(filter.weights);
    let of = |split: Split| filter.weights.iter().map(|&weight| split.value(weight)).collect::<Vec<f32>>();
    html! {
        article.filter {
            h3 { "Filter " (filter.index + 1) }
            .maps {
                (map(layer, filter.weights, limit, "W", "Real weights"))
                (map(layer, &of(filter.sign), limit, "±m", "The weights as plus and minus mean|W|"))
                (map(layer, &of(filter.dab), limit, "α, β", "The weights as alpha and beta"))
            }
            (scale(limit))
            .spread {
                (histogram::svg(filter))
                (numbers(filter))
            }
        }
    }
}

fn map(layer: &Layer<'_>, weights: &[f32], limit: f32, caption: &str, alt: &str) -> Markup {
    html! {
        figure {
            (Picture::of_kernels(weights, layer.kernel, columns(layer.channels), limit).img(alt))
            figcaption { (caption) }
        }
    }
}

/// Tiles in a row, so that a picture is about twice as wide as high.
fn columns(tiles: usize) -> usize {
    ((2 * tiles) as f64).sqrt().round().max(1.0) as usize
}

fn numbers(filter: &Filter<'_>) -> Markup {
    let error = |split: &Split| percent(relative_error(filter.weights, split));
    let value = |value: f32| signed(f64::from(value), 3);
    html! {
        dl {
            dt { "m" } dd { (value(filter.sign.alpha)) }
            dt { "K/n" } dd { (filter.dab.count) "/" (filter.weights.len()) }
            dt { "α" } dd { (value(filter.dab.alpha)) }
            dt { "β" } dd { (value(filter.dab.beta)) }
            dt { "error\u{a0}±m" } dd { (error(&filter.sign)) }
            dt { "error\u{a0}α,\u{a0}β" } dd { (error(&filter.dab)) }
        }
    }
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
        percent(mean(filters.iter().map(|filter| relative_error(filter.weights, &split(filter)))))
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
    let tiles = layer.weights.len() / (layer.kernel * layer.kernel);
    let limit = limit(layer.weights);
    let alt = format!("{tiles} kernels of {0} by {0} real weights", layer.kernel);
    html! {
        h3 { "The first layer keeps its real weights" }
        p {
            "Layer " code { (layer.name) } " sees the sketch itself. Its " (tiles) " kernels of "
            (side(layer))
            " are raised by ink where they are brown and lowered by it where they are teal; one with a stripe "
            "answers to a line at that angle."
        }
        figure.first-layer {
            (Picture::of_kernels(layer.weights, layer.kernel, columns(tiles), limit).img(&alt))
            (scale(limit))
        }
    }
}

/// The colours from one end to the other.
fn scale(limit: f32) -> Markup {
    let end = signed(f64::from(limit), 2);
    html! {
        .scale aria-hidden="true" { span { "\u{2212}" (end) } i {} span { "+" (end) } }
    }
}

fn side(layer: &Layer<'_>) -> String {
    format!("{0}×{0}", layer.kernel)
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn tiles_lie_two_to_one() {
        assert_eq!([1, 2, 32, 64].map(columns), [1, 2, 8, 11]);
    }
}

//! Filters before and after binarization.

use dabnet_binarize::{Scheme, Split, split};
use dabnet_graph::Precision;
use maud::{Markup, html};

use super::{LatentLayer, NetworkReport};
use crate::{
    format::{evenly_spaced, mean, median, percent},
    page::{DataUriPicture, FilterCard, TileLayout, color_scale, largest_magnitude},
};

/// Upper bound of filters shown.
const SHOWN: usize = 6;

/// A filter, and its splits under two schemes.
#[derive(Debug)]
struct SplitFilter<'a> {
    /// Index of its output channel.
    index: usize,
    weights: &'a [f32],
    sign: Split,
    dab: Split,
}

impl LatentLayer {
    /// Layout of a filter's weights.
    fn tiles(&self) -> TileLayout {
        TileLayout { count: self.channels, height: self.kernel, width: self.kernel }
    }

    /// Its filters, without those that cannot be split because a weight is not finite.
    fn filters(&self) -> Vec<SplitFilter<'_>> {
        let n = self.channels * self.kernel * self.kernel;
        let filter = |(index, weights)| {
            let (sign, dab) = (split(Scheme::Sign, weights).ok()?, split(Scheme::Dab, weights).ok()?);
            Some(SplitFilter { index, weights, sign, dab })
        };
        self.weights.chunks(n).enumerate().filter_map(filter).collect()
    }
}

impl SplitFilter<'_> {
    /// `K / n`: the share of weights that become `α`.
    fn upper_share(&self) -> f64 {
        self.dab.count as f64 / self.weights.len() as f64
    }

    /// Reduction of the relative error from `sign` to `dab`.
    fn gain(&self) -> f64 {
        self.sign.relative_error(self.weights) - self.dab.relative_error(self.weights)
    }
}

pub(super) fn section(network: &NetworkReport) -> Markup {
    let layers = &network.layers;
    let Some(layer) = layers.iter().find(|layer| layer.precision.binary_weights()) else { return html! {} };
    html! {
        section aria-labelledby="filters" {
            h2 #filters { "Filters before and after binarization" }
            p {
                "Training moves real weights W; the packed " (network.name) " keeps only which of "
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
            (layer_table(layers))
            @if let Some(first) = layers.first().filter(|first| first.precision == Precision::Full) {
                (first_layer(first))
            }
        }
    }
}

fn filters(layer: &LatentLayer) -> Markup {
    let mut filters = layer.filters();
    let count = filters.len();
    filters.sort_by(|a, b| a.gain().total_cmp(&b.gain()));
    let shown = evenly_spaced(count, SHOWN);
    html! {
        p {
            (shown.len()) " of the layer’s " (count) " filters, from the one for which two free values "
            "matter least to the one for which they matter most, evenly apart:"
        }
        .filters { @for place in shown { (card(layer, &filters[place])) } }
    }
}

fn card(layer: &LatentLayer, filter: &SplitFilter<'_>) -> Markup {
    let title = html! { "Filter " (filter.index + 1) };
    FilterCard::new(filter.weights, layer.tiles(), filter.sign, filter.dab).markup(&title, &html! {})
}

/// Table of all binary layers: tells whether the layer shown is typical.
fn layer_table(layers: &[LatentLayer]) -> Markup {
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

fn layer_row(layer: &LatentLayer) -> Markup {
    let filters = layer.filters();
    let mut shares: Vec<f64> = filters.iter().map(|filter| 100.0 * filter.upper_share()).collect();
    shares.sort_by(f64::total_cmp);
    let range: Vec<String> = [shares.first().copied(), median(&shares), shares.last().copied()]
        .into_iter()
        .flatten()
        .map(|share| format!("{share:.0}"))
        .collect();
    let error = |split: fn(&SplitFilter<'_>) -> Split| {
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

fn first_layer(layer: &LatentLayer) -> Markup {
    let kernels = layer.weights.len() / layer.tiles().len();
    let tiles = TileLayout { count: kernels, ..layer.tiles() };
    let limit = largest_magnitude(&layer.weights);
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
            (DataUriPicture::of_tiles(&layer.weights, tiles, limit).img(&alt))
            (color_scale(limit))
        }
    }
}

fn side(layer: &LatentLayer) -> String {
    format!("{0}×{0}", layer.kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lopsided_filter_gains_from_two_values() {
        let weights = [1.0, 0.1, 0.0, -0.1];
        let (sign, dab) = (split(Scheme::Sign, &weights).unwrap(), split(Scheme::Dab, &weights).unwrap());
        let filter = SplitFilter { index: 0, weights: &weights, sign, dab };
        assert_eq!(filter.upper_share(), 0.25);
        assert!(filter.gain() > 0.5);
    }
}

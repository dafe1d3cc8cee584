//! The weights over the epochs of training.

use dabnet_train::{LayerSnapshot, WeightHistory};
use maud::{Markup, html};

use super::{
    super::Quartiles,
    ridges::{self, LayerHistory, average},
};
use crate::{
    format::{evenly_spaced, significant},
    plot::{EpochChart, EpochLine},
};

/// Upper bounds of layers and epochs drawn.
const LAYERS: usize = 40;
const EPOCHS: usize = 60;

pub(super) fn section(history: &WeightHistory) -> Markup {
    let layers = layer_histories(history);
    if layers.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="training" {
            h2 #training { "Weights over training" }
            p {
                "From epoch 0, before the first step, to the last: how the latent weights of each layer are "
                "spread, with the means over its filters of α, β and ±m = ±mean|W|; how α and β move, with "
                "the range over the filters; and K/n, the mean with the middle half of the filters, beside that "
                "of sign. In a layer "
                "with real weights, α, β and K are those that dab would give it."
            }
            @for layer in &layers { (card(layer)) }
            p.note {
                "Each histogram is as high as its own peak; weights beyond the width, at most one in two "
                "hundred of any epoch, are not drawn."
            }
        }
    }
}

/// Histories of the layers, without snapshots that are not valid.
fn layer_histories(history: &WeightHistory) -> Vec<LayerHistory<'_>> {
    let snapshots: Vec<_> = evenly_spaced(history.snapshots.len(), EPOCHS)
        .into_iter()
        .map(|index| &history.snapshots[index])
        .collect();
    let Some(first) = snapshots.first() else { return Vec::new() };
    let layer_history = |index: usize| {
        let name = &first.layers[index].layer;
        let found = snapshots.iter().filter_map(|snapshot| {
            let layer = snapshot.layers.iter().find(|layer| layer.layer == *name)?;
            drawable(layer).then_some((snapshot.epoch, layer))
        });
        let (epochs, snapshots): (Vec<_>, Vec<_>) = found.unzip();
        let ascending = epochs.is_sorted_by(|a, b| a < b);
        (ascending && !epochs.is_empty()).then_some(LayerHistory { name, epochs, snapshots })
    };
    evenly_spaced(first.layers.len(), LAYERS).into_iter().filter_map(layer_history).collect()
}

/// True if a snapshot is complete and all its numbers are finite.
fn drawable(layer: &LayerSnapshot) -> bool {
    let filters = layer.alpha.len();
    let numbers = [&layer.alpha, &layer.beta, &layer.upper_share];
    layer.least.is_finite()
        && layer.greatest.is_finite()
        && layer.least <= layer.greatest
        && layer.magnitude.is_finite()
        && layer.positive_share.is_finite()
        && numbers.into_iter().flatten().all(|number| number.is_finite())
        && layer.histogram.iter().any(|&count| count > 0)
        && filters > 0
        && [layer.beta.len(), layer.upper_share.len()] == [filters; 2]
}

fn card(history: &LayerHistory<'_>) -> Markup {
    let title = format!("α and β of layer {} over epochs", history.name);
    let shares = format!("K/n of layer {} over epochs", history.name);
    html! {
        article.course {
            h3 { (history.name) }
            .trio {
                figure { figcaption { strong { "Weights" } " by epoch: " b.s2 { "α, β" } ", " b.s1 { "±m" } } (ridges::svg(history)) }
                figure { figcaption { strong { "α and β" } ", mean and range over filters" } (values(history, &title).svg()) }
                figure { figcaption { strong { "K/n" } ", mean and middle half" } (share(history, &shares).svg()) }
            }
        }
    }
}

fn values<'a>(history: &LayerHistory<'_>, title: &'a str) -> EpochChart<'a> {
    let line = |name, of: fn(&LayerSnapshot) -> &[f32]| {
        let quartiles = history.quartiles(of);
        let values = history.snapshots.iter().map(|layer| average(of(layer))).collect();
        EpochLine { name, class: 2, values, band: quartiles.iter().map(|q| (q.least, q.greatest)).collect() }
    };
    let magnitudes = || history.snapshots.iter().map(|layer| f64::from(layer.magnitude));
    let flat = |name, values| EpochLine { name, class: 1, values, band: Vec::new() };
    let lines = vec![
        line("α", |layer| &layer.alpha),
        flat("+m", magnitudes().collect()),
        flat("\u{2212}m", magnitudes().map(|m| -m).collect()),
        line("β", |layer| &layer.beta),
    ];
    EpochChart { title, epochs: history.epochs.clone(), lines, format: significant }
}

fn share<'a>(history: &LayerHistory<'_>, title: &'a str) -> EpochChart<'a> {
    let quartiles = history.quartiles(|layer| &layer.upper_share);
    let values = history.snapshots.iter().map(|layer| average(&layer.upper_share)).collect();
    let band = quartiles.iter().map(|q| (q.lower, q.upper)).collect();
    let sign = history.snapshots.iter().map(|layer| f64::from(layer.positive_share)).collect();
    let lines = vec![
        EpochLine { name: "K/n", class: 2, values, band },
        EpochLine { name: "sign", class: 1, values: sign, band: Vec::new() },
    ];
    EpochChart { title, epochs: history.epochs.clone(), lines, format: |share| format!("{share:.3}") }
}

impl LayerHistory<'_> {
    fn quartiles(&self, of: impl Fn(&LayerSnapshot) -> &[f32]) -> Vec<Quartiles> {
        let numbers = |layer: &&LayerSnapshot| of(layer).iter().map(|&value| f64::from(value)).collect();
        self.snapshots.iter().map(|layer| Quartiles::of(numbers(layer))).collect()
    }
}

#[cfg(test)]
mod tests {
    use dabnet_train::WeightSnapshot;

    use super::*;

    fn layer(filters: usize) -> LayerSnapshot {
        LayerSnapshot {
            layer: "conv".into(),
            least: -1.0,
            greatest: 1.0,
            magnitude: 0.5,
            positive_share: 0.5,
            histogram: vec![1, 2, 1],
            alpha: vec![0.5; filters],
            beta: vec![-0.5; filters],
            upper_share: vec![0.5; filters],
        }
    }

    fn history(layers: Vec<LayerSnapshot>) -> WeightHistory {
        let snapshot = |(epoch, layer)| WeightSnapshot { epoch, layers: vec![layer] };
        WeightHistory { snapshots: layers.into_iter().enumerate().map(snapshot).collect() }
    }

    #[test]
    fn only_what_is_whole_is_drawn() {
        assert!(layer_histories(&WeightHistory::default()).is_empty());
        let history = history(vec![layer(2), layer(0), layer(2)]);
        let layers = layer_histories(&history);
        assert_eq!(layers[0].epochs, [0, 2]);
        let page = section(&history).into_string();
        assert!(page.contains("α from 0.500") && !page.contains("NaN"));
    }
}

use dabnet_binarize::{Scheme, Split, split};
use dabnet_graph::Graph;
use serde::{Deserialize, Serialize};

use crate::{EffectiveWeights, Parameters};

/// Statistics of latent weights over training (paper, section 5: how `α`, `β` and `K` move).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WeightHistory {
    /// One snapshot before the first step, then one per epoch.
    pub snapshots: Vec<WeightSnapshot>,
}

/// Statistics of latent weights at the end of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightSnapshot {
    /// The epoch, from 1; 0 before the first step.
    pub epoch: usize,
    /// Every convolution, in the order of the graph.
    pub layers: Vec<LayerSnapshot>,
}

/// Statistics of one convolution's latent weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerSnapshot {
    /// Name of the convolution.
    pub layer: String,
    /// The least weight.
    pub least: f32,
    /// The greatest weight.
    pub greatest: f32,
    /// The mean of `|W|` over all weights, the `m` of `±m` under `sign`.
    pub magnitude: f32,
    /// The share of weights above zero, `K / n` under `sign`.
    pub positive_share: f32,
    /// Number of weights in each of equal parts of `least ..= greatest`.
    pub histogram: Vec<u32>,
    /// `α` of each filter; for layers with real weights, computed with `dab`.
    pub alpha: Vec<f32>,
    /// `β` of each filter.
    pub beta: Vec<f32>,
    /// `K / n` of each filter.
    pub upper_share: Vec<f32>,
}

/// Number of histogram bins.
const BINS: usize = 64;

impl WeightHistory {
    /// Adds what weights are like after `epoch`.
    pub(crate) fn record(
        &mut self,
        epoch: usize,
        graph: &Graph,
        parameters: &Parameters,
        effective: &[Option<EffectiveWeights>],
    ) {
        let layers = graph.convolutions().map(|(id, node, conv)| {
            let latent = parameters.get(id, "weight");
            let splits = effective[id].as_ref().map_or(&[][..], |effective| &effective.splits);
            LayerSnapshot::new(&node.name, latent, latent.len() / conv.out_channels, splits)
        });
        self.snapshots.push(WeightSnapshot { epoch, layers: layers.collect() });
    }
}

impl LayerSnapshot {
    fn new(layer: &str, latent: &[f32], n: usize, splits: &[Split]) -> Self {
        // A layer with real weights has no splits of its own. Weights that training has made
        // infinite are told of elsewhere.
        let computed: Vec<Split> = if splits.is_empty() {
            latent.chunks(n).filter_map(|f| split(Scheme::Dab, f).ok()).collect()
        } else {
            Vec::new()
        };
        let splits = if splits.is_empty() { &computed } else { splits };
        let least = latent.iter().copied().fold(f32::INFINITY, f32::min);
        let greatest = latent.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self {
            layer: layer.to_owned(),
            least,
            greatest,
            magnitude: mean(latent.iter().map(|weight| weight.abs())),
            positive_share: mean(latent.iter().map(|&weight| if weight > 0.0 { 1.0 } else { 0.0 })),
            histogram: histogram(latent, least, greatest),
            alpha: splits.iter().map(|split| split.alpha).collect(),
            beta: splits.iter().map(|split| split.beta).collect(),
            upper_share: splits.iter().map(|split| split.count as f32 / n as f32).collect(),
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = values.len().max(1) as f64;
    (values.map(f64::from).sum::<f64>() / count) as f32
}

fn histogram(weights: &[f32], least: f32, greatest: f32) -> Vec<u32> {
    let mut bins = vec![0; BINS];
    let per_bin = BINS as f32 / (greatest - least).max(f32::MIN_POSITIVE);
    for weight in weights {
        bins[(((weight - least) * per_bin) as usize).min(BINS - 1)] += 1;
    }
    bins
}

/// Side of its filter's threshold that every latent weight of each binary layer is on: one bit per weight,
/// eight per byte, in the order of the graph.
pub(crate) fn latent_bits(
    graph: &Graph,
    parameters: &Parameters,
    effective: &[Option<EffectiveWeights>],
) -> Vec<Vec<u8>> {
    let binary = graph.convolutions().filter(|(_, _, conv)| conv.precision.binary_weights());
    binary
        .filter_map(|(id, _, conv)| {
            let latent = parameters.get(id, "weight");
            let splits = &effective[id].as_ref()?.splits;
            let filters = latent.chunks(latent.len() / conv.out_channels).zip(splits);
            let upper = filters.flat_map(|(filter, split)| filter.iter().map(|&w| split.is_upper(w)));
            Some(packed(upper, latent.len()))
        })
        .collect()
}

fn packed(bits: impl Iterator<Item = bool>, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count.div_ceil(8)];
    bits.enumerate().for_each(|(at, bit)| bytes[at / 8] |= u8::from(bit) << (at % 8));
    bytes
}

/// The share of `count` bits that differ.
pub(crate) fn flipped_share(before: &[u8], after: &[u8], count: usize) -> f32 {
    let flipped: u32 = before.iter().zip(after).map(|(a, b)| (a ^ b).count_ones()).sum();
    f64::from(flipped) as f32 / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_counts_every_weight_and_splits_every_filter() {
        let latent = [1.0, 1.0, -1.0, -1.0, 0.5, 0.0, 0.0, 0.0];
        let layer = LayerSnapshot::new("conv", &latent, 4, &[]);
        assert_eq!((layer.least, layer.greatest), (-1.0, 1.0));
        assert_eq!((layer.magnitude, layer.positive_share), (4.5 / 8.0, 3.0 / 8.0));
        assert_eq!(layer.histogram.iter().sum::<u32>(), 8);
        assert_eq!((layer.histogram[0], layer.histogram[BINS / 2], layer.histogram[BINS - 1]), (2, 3, 2));
        assert_eq!((&layer.alpha[..], &layer.beta[..]), (&[1.0, 0.5][..], &[-1.0, 0.0][..]));
        assert_eq!(layer.upper_share, [0.5, 0.25]);
    }

    #[test]
    fn equal_weights_have_a_histogram() {
        assert_eq!(histogram(&[0.3; 5], 0.3, 0.3).iter().sum::<u32>(), 5);
    }

    #[test]
    fn flips_are_counted() {
        let bits = |text: &str| packed(text.chars().map(|bit| bit == '1'), text.len());
        assert_eq!(flipped_share(&bits("1010101010"), &bits("1010101001"), 10), 0.2);
    }
}

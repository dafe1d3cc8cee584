use dabnet_binarize::{Scheme, Split, split};
use dabnet_graph::Precision;
use dabnet_train::TrainedNetwork;

use crate::page::tiles::Tiles;

/// The latent weights of one convolution.
#[derive(Debug)]
pub(super) struct Layer<'a> {
    pub name: &'a str,
    pub kernel: usize,
    pub precision: Precision,
    /// Input channels of a filter.
    pub channels: usize,
    pub weights: &'a [f32],
}

/// One filter, and what two schemes make of it.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    /// Number of its output channel, from 0.
    pub index: usize,
    pub weights: &'a [f32],
    pub sign: Split,
    pub dab: Split,
}

impl<'a> Layer<'a> {
    /// How the weights of a filter lie.
    pub(super) fn tiles(&self) -> Tiles {
        Tiles { count: self.channels, height: self.kernel, width: self.kernel }
    }

    /// The convolutions of a trained network, in order.
    pub(super) fn all(trained: &'a TrainedNetwork) -> Vec<Self> {
        let graph = trained.graph();
        graph
            .convolutions()
            .map(|(id, node, conv)| Self {
                name: &node.name,
                kernel: conv.kernel,
                precision: conv.precision,
                channels: graph.filter_channels(id),
                weights: trained.parameters().get(id, "weight"),
            })
            .collect()
    }

    /// Its filters; one that cannot be split, for a weight that is no number, is left out.
    pub(super) fn filters(&self) -> Vec<Filter<'a>> {
        let n = self.channels * self.kernel * self.kernel;
        let filter = |(index, weights)| {
            let (sign, dab) = (split(Scheme::Sign, weights).ok()?, split(Scheme::Dab, weights).ok()?);
            Some(Filter { index, weights, sign, dab })
        };
        self.weights.chunks(n).enumerate().filter_map(filter).collect()
    }
}

impl Filter<'_> {
    /// `K / n`: the share of weights that become `α`.
    pub(super) fn upper_share(&self) -> f64 {
        self.dab.count as f64 / self.weights.len() as f64
    }

    /// What `dab` saves of the error that `sign` makes.
    pub(super) fn gain(&self) -> f64 {
        self.sign.relative_error(self.weights) - self.dab.relative_error(self.weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lopsided_filter_gains_from_two_values() {
        let weights = [1.0, 0.1, 0.0, -0.1];
        let (sign, dab) = (split(Scheme::Sign, &weights).unwrap(), split(Scheme::Dab, &weights).unwrap());
        let filter = Filter { index: 0, weights: &weights, sign, dab };
        assert_eq!(filter.upper_share(), 0.25);
        assert!(filter.gain() > 0.5);
    }
}

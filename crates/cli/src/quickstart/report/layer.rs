use dabnet_binarize::{Scheme, Split, split};
use dabnet_graph::Precision;
use dabnet_train::{NodeParameters, Trained};

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
    /// The convolutions of a trained network, in order.
    pub(super) fn all(trained: &'a Trained) -> Vec<Self> {
        let graph = trained.graph();
        graph
            .convolutions()
            .filter_map(|(id, node, conv)| match &trained.parameters().nodes()[id] {
                NodeParameters::Conv(weights) => Some(Self {
                    name: &node.name,
                    kernel: conv.kernel,
                    precision: conv.precision,
                    channels: graph.input_shape_of(id).channels,
                    weights,
                }),
                _ => None,
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
        relative_error(self.weights, &self.sign) - relative_error(self.weights, &self.dab)
    }
}

/// `‖W − W̃‖² / ‖W‖²`; nothing is lost of a filter of zeros that stay zeros.
pub(super) fn relative_error(weights: &[f32], split: &Split) -> f64 {
    let size: f64 = weights.iter().map(|&weight| f64::from(weight).powi(2)).sum();
    if size > 0.0 { split.squared_error(weights) / size } else { 0.0 }
}

/// The largest magnitude, the end of a colour scale.
pub(super) fn limit(weights: &[f32]) -> f32 {
    weights.iter().fold(0.0, |limit, weight| limit.max(weight.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_relative_to_the_filter() {
        let weights = [3.0, 1.0, -1.0, -3.0];
        let error = |scheme| relative_error(&weights, &split(scheme, &weights).unwrap());
        assert!((error(Scheme::Sign) - 4.0 / 20.0).abs() < 1e-6);
        assert!((error(Scheme::Dab) - 4.0 / 20.0).abs() < 1e-6);
        let zeros = [0.0; 4];
        assert_eq!(relative_error(&zeros, &split(Scheme::Dab, &zeros).unwrap()), 0.0);
    }

    #[test]
    fn a_lopsided_filter_gains_from_two_values() {
        let weights = [1.0, 0.1, 0.0, -0.1];
        let (sign, dab) = (split(Scheme::Sign, &weights).unwrap(), split(Scheme::Dab, &weights).unwrap());
        let filter = Filter { index: 0, weights: &weights, sign, dab };
        assert_eq!(filter.upper_share(), 0.25);
        assert!(filter.gain() > 0.5);
        assert_eq!(limit(&weights), 1.0);
    }
}

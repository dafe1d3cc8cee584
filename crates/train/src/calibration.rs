//! Means and variances of batch normalisations, found anew: those that a packed model's were folded from, and those of
//! weights that have moved since batches were last normalised by themselves.

use dabnet_data::Batch;
use dabnet_graph::{Graph, OpKind};

use crate::{
    Effective, Parameters, native,
    network::{Network, Statistic},
    start::Folded,
};

/// The most batches that are looked at.
pub(crate) const BATCHES: usize = 32;

/// Sums over batches of what batch normalisations read.
pub(crate) struct Calibration<'a> {
    graph: &'a Graph,
    folded: &'a [Folded],
    batches: usize,
    /// Of each statistic: the sum of its values, and of the squares of those that are means.
    sums: Vec<(Statistic, Vec<f64>)>,
}

impl<'a> Calibration<'a> {
    pub fn new(graph: &'a Graph, folded: &'a [Folded]) -> Self {
        Self { graph, folded, batches: 0, sums: Vec::new() }
    }

    /// Runs a batch through the network, whose folded normalisations do what their file says and whose others
    /// normalise by the batch.
    pub fn see(&mut self, parameters: &Parameters, effective: &[Option<Effective>], batch: &Batch) {
        let network = Network { graph: self.graph, parameters, effective };
        let found = native::statistics(network, self.folded, &batch.values);
        if self.sums.is_empty() {
            let none = |found: &Statistic| vec![0.0; found.values.len()];
            self.sums = found.iter().map(|found| (found.clone(), none(found))).collect();
        }
        let pairs = found.chunks_exact(2).zip(self.sums.chunks_exact_mut(2));
        for ([mean, variance], sums) in pairs.filter_map(|(pair, sums)| Some((pair.as_array::<2>()?, sums))) {
            for (channel, (mean, variance)) in mean.values.iter().zip(&variance.values).enumerate() {
                let (mean, variance) = (f64::from(*mean), f64::from(*variance));
                sums[0].1[channel] += mean;
                sums[1].1[channel] += variance + mean * mean;
            }
        }
        self.batches += 1;
    }

    /// Keeps the means and variances, and what makes folded normalisations do with them what they did.
    pub fn put_into(self, parameters: &mut Parameters) {
        let count = self.batches.max(1) as f64;
        for pair in self.sums.chunks_exact(2) {
            let node = pair[0].0.node;
            let OpKind::BatchNorm { epsilon } = self.graph.nodes()[node].op.kind() else { continue };
            let folded = self.folded.iter().find(|folded| folded.node == node);
            for channel in 0..pair[0].1.len() {
                let mean = pair[0].1[channel] / count;
                let variance = (pair[1].1[channel] / count - mean * mean).max(0.0) as f32;
                let mean = mean as f32;
                parameters.get_mut(node, "mean")[channel] = mean;
                parameters.get_mut(node, "variance")[channel] = variance;
                if let Some(Folded { scale, shift, .. }) = folded {
                    let scale = f64::from(scale[channel]);
                    let deviation = (f64::from(variance) + f64::from(epsilon)).sqrt();
                    parameters.get_mut(node, "gamma")[channel] = (scale * deviation) as f32;
                    parameters.get_mut(node, "beta")[channel] =
                        (f64::from(shift[channel]) + scale * f64::from(mean)) as f32;
                }
            }
        }
    }
}

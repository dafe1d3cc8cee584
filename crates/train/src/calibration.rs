//! Recalibration of batch normalization statistics: for layers that a packed model has folded, and for
//! running statistics that lag behind the weights.

use dabnet_data::Batch;
use dabnet_graph::{Graph, OpKind};

use crate::{
    EffectiveWeights, Parameters, native,
    network::{BatchStatistic, NetworkRef},
    pretrained::FoldedNorm,
};

/// Largest number of batches that statistics are estimated from.
pub(crate) const BATCHES: usize = 32;

/// Accumulates the statistics of every batch normalization input over batches.
pub(crate) struct NormCalibration<'a> {
    graph: &'a Graph,
    folded: &'a [FoldedNorm],
    batches: usize,
    /// For each statistic, the sum of its values over batches; for variances, the sum of second moments.
    sums: Vec<(BatchStatistic, Vec<f64>)>,
}

impl<'a> NormCalibration<'a> {
    pub(crate) fn new(graph: &'a Graph, folded: &'a [FoldedNorm]) -> Self {
        Self { graph, folded, batches: 0, sums: Vec::new() }
    }

    /// Runs a batch through the network and adds its statistics. Folded normalizations apply their stored
    /// scale and shift, all others normalize by the batch.
    pub(crate) fn add_batch(
        &mut self,
        parameters: &Parameters,
        effective: &[Option<EffectiveWeights>],
        batch: &Batch,
    ) {
        let network = NetworkRef { graph: self.graph, parameters, effective };
        let found = native::statistics(network, self.folded, &batch.values);
        if self.sums.is_empty() {
            let none = |found: &BatchStatistic| vec![0.0; found.values.len()];
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

    /// Stores means and variances, and sets `γ` and `β` of folded normalizations so that they compute the
    /// same function.
    pub(crate) fn apply(self, parameters: &mut Parameters) {
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
                if let Some(FoldedNorm { scale, shift, .. }) = folded {
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

use dabnet_graph::{Graph, NodeId};

use crate::{EffectiveWeights, Parameters};

/// A graph, its parameters and its effective weights, by reference.
#[derive(Clone, Copy)]
pub(crate) struct NetworkRef<'a> {
    pub graph: &'a Graph,
    pub parameters: &'a Parameters,
    /// Effective weights by node.
    pub effective: &'a [Option<EffectiveWeights>],
}

impl NetworkRef<'_> {
    /// For every node, the last node that reads it.
    pub(crate) fn last_uses(&self) -> Vec<NodeId> {
        let mut last = vec![usize::MAX; self.graph.nodes().len()];
        for (id, node) in self.graph.nodes().iter().enumerate() {
            node.inputs.iter().for_each(|&input| last[input] = id);
        }
        last
    }
}

/// Loss, gradients and statistics of one batch.
pub(crate) struct BatchGradients {
    /// Mean loss over the batch.
    pub loss: f32,
    /// Number of examples classified correctly.
    pub correct: usize,
    /// Gradient of every trained parameter, in the order of [`Graph::parameters`].
    pub buffers: Vec<Vec<f32>>,
    /// Mean and variance of every batch normalization over the batch.
    pub statistics: Vec<BatchStatistic>,
}

/// Batch value of a running statistic.
#[derive(Clone)]
pub(crate) struct BatchStatistic {
    pub node: NodeId,
    /// Name of the parameter that holds the running value.
    pub name: &'static str,
    pub values: Vec<f32>,
}

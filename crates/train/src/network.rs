use dabnet_graph::{Graph, NodeId};

use crate::{EffectiveWeights, Parameters};

/// A graph with the values its nodes run with.
#[derive(Clone, Copy)]
pub(crate) struct NetworkRef<'a> {
    pub graph: &'a Graph,
    pub parameters: &'a Parameters,
    /// Effective weights by node.
    pub effective: &'a [Option<EffectiveWeights>],
}

impl NetworkRef<'_> {
    /// For every node, the last node that reads it.
    pub fn last_uses(&self) -> Vec<NodeId> {
        let mut last = vec![usize::MAX; self.graph.nodes().len()];
        for (id, node) in self.graph.nodes().iter().enumerate() {
            node.inputs.iter().for_each(|&input| last[input] = id);
        }
        last
    }
}

/// What a batch says of the network.
pub(crate) struct BatchGradients {
    /// Mean loss over the batch.
    pub loss: f32,
    /// How many of its examples were labelled right.
    pub correct: usize,
    /// One of every trained parameter, in the order of [`Graph::parameters`].
    pub buffers: Vec<Vec<f32>>,
    /// Mean and variance of every batch normalisation over the batch.
    pub statistics: Vec<BatchStatistic>,
}

/// What a batch has where a node keeps a running statistic.
#[derive(Clone)]
pub(crate) struct BatchStatistic {
    pub node: NodeId,
    /// Name of the parameter that keeps it.
    pub name: &'static str,
    pub values: Vec<f32>,
}

use dabnet_graph::{Graph, NodeId, OpKind};

use crate::simd::PointwiseFunction;

/// Consumers of each node, among the nodes that the output depends on.
pub(super) struct NodeConsumers<'a> {
    graph: &'a Graph,
    /// Consumer ids by node, one per read.
    consumers: Vec<Vec<NodeId>>,
    /// True for nodes that are fused into a threshold comparison.
    fused: Vec<bool>,
}

/// A chain of single-consumer nodes from some node to a sign or quantizer, to be fused into one comparison.
pub(super) struct FusionChain {
    /// Nodes of the chain in order, with at most one pooling.
    pub(super) ops: Vec<NodeId>,
    /// Sign or quantizer at the end.
    pub(super) sign: NodeId,
}

impl<'a> NodeConsumers<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let nodes = graph.nodes();
        let mut consumers = vec![Vec::new(); nodes.len()];
        for id in (0..nodes.len()).rev() {
            // Consumers have higher ids, so all those of this node are known by now.
            if id + 1 == nodes.len() || !consumers[id].is_empty() {
                nodes[id].inputs.iter().for_each(|&input| consumers[input].push(id));
            }
        }
        Self { graph, consumers, fused: vec![false; nodes.len()] }
    }

    /// True if the output depends on the node.
    pub(super) fn is_live(&self, id: NodeId) -> bool {
        id + 1 == self.consumers.len() || !self.consumers[id].is_empty()
    }

    /// True if the node is fused into a threshold comparison.
    pub(super) fn is_fused(&self, id: NodeId) -> bool {
        self.fused[id]
    }

    /// Number of reads of a node.
    pub(super) fn count(&self, id: NodeId) -> usize {
        self.consumers[id].len()
    }

    /// Finds up to `most` fusion chains that start at a node's consumers, and marks their nodes as fused.
    pub(super) fn fusion_chains(&mut self, id: NodeId, most: usize) -> Vec<FusionChain> {
        let chains: Vec<_> = self.consumers[id]
            .iter()
            .filter_map(|&consumer| self.fusion_chain(consumer))
            .take(most)
            .collect();
        chains.iter().flat_map(|chain| &chain.ops).for_each(|&op| self.fused[op] = true);
        chains
    }

    fn fusion_chain(&self, first: NodeId) -> Option<FusionChain> {
        let (mut ops, mut pools, mut at) = (Vec::new(), 0, first);
        loop {
            match self.graph.nodes()[at].op.kind() {
                OpKind::Sign | OpKind::Quantize { .. } => return Some(FusionChain { ops, sign: at }),
                OpKind::BatchNorm { .. } | OpKind::Dropout { .. } => ops.push(at),
                OpKind::Pointwise(op) if PointwiseFunction::always_rises(op) => ops.push(at),
                OpKind::MaxPool { .. } if pools == 0 => {
                    ops.push(at);
                    pools += 1;
                }
                OpKind::Pointwise(_)
                | OpKind::MaxPool { .. }
                | OpKind::AvgPool { .. }
                | OpKind::GlobalAvgPool
                | OpKind::Add
                | OpKind::Concat
                | OpKind::Conv2d(_)
                | OpKind::Input { .. } => return None,
            }
            let [next] = self.consumers[at][..] else { return None };
            at = next;
        }
    }
}

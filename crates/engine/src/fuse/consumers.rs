use dabnet_graph::{Graph, NodeId, OpKind};

use crate::simd::PointwiseFunction;

/// Who reads what a node gives, among the nodes that the output depends on.
pub(super) struct NodeConsumers<'a> {
    graph: &'a Graph,
    /// By node, one entry a time it is read.
    consumers: Vec<Vec<NodeId>>,
    /// Nodes that have become part of a comparison.
    fused: Vec<bool>,
}

/// The way from a node to a sign, or a quantiser, that only this needs.
pub(super) struct FusionChain {
    /// The nodes on the way, at most one pooling among them.
    pub(super) ops: Vec<NodeId>,
    /// The sign or quantiser.
    pub(super) sign: NodeId,
}

impl<'a> NodeConsumers<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let nodes = graph.nodes();
        let mut consumers = vec![Vec::new(); nodes.len()];
        for id in (0..nodes.len()).rev() {
            // Readers come after what they read, so whether this node is read is known by now.
            if id + 1 == nodes.len() || !consumers[id].is_empty() {
                nodes[id].inputs.iter().for_each(|&input| consumers[input].push(id));
            }
        }
        Self { graph, consumers, fused: vec![false; nodes.len()] }
    }

    /// Whether the output depends on a node.
    pub(super) fn is_live(&self, id: NodeId) -> bool {
        id + 1 == self.consumers.len() || !self.consumers[id].is_empty()
    }

    /// Whether a node has become part of a comparison.
    pub(super) fn is_fused(&self, id: NodeId) -> bool {
        self.fused[id]
    }

    /// How often a node is read.
    pub(super) fn count(&self, id: NodeId) -> usize {
        self.consumers[id].len()
    }

    /// Up to `most` ways from a node to signs; the nodes on them count as dealt with.
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

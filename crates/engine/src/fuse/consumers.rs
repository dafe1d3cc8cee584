use dabnet_graph::{Graph, NodeId, OpKind};

use crate::simd::Pointwise;

/// Who reads what a node gives, among the nodes that the output depends on.
pub(super) struct Readers<'a> {
    graph: &'a Graph,
    /// By node, one entry a time it is read.
    readers: Vec<Vec<NodeId>>,
    /// Nodes that have become part of a comparison.
    fused: Vec<bool>,
}

/// The way from a node to a sign, or a quantiser, that only this needs.
pub(super) struct SignChain {
    /// The nodes on the way, at most one pooling among them.
    pub(super) ops: Vec<NodeId>,
    /// The sign or quantiser.
    pub(super) sign: NodeId,
}

impl<'a> Readers<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let nodes = graph.nodes();
        let mut readers = vec![Vec::new(); nodes.len()];
        for id in (0..nodes.len()).rev() {
            // Readers come after what they read, so whether this node is read is known by now.
            if id + 1 == nodes.len() || !readers[id].is_empty() {
                nodes[id].inputs.iter().for_each(|&input| readers[input].push(id));
            }
        }
        Self { graph, readers, fused: vec![false; nodes.len()] }
    }

    /// Whether the output depends on a node.
    pub(super) fn is_live(&self, id: NodeId) -> bool {
        id + 1 == self.readers.len() || !self.readers[id].is_empty()
    }

    /// Whether a node has become part of a comparison.
    pub(super) fn is_fused(&self, id: NodeId) -> bool {
        self.fused[id]
    }

    /// How often a node is read.
    pub(super) fn count(&self, id: NodeId) -> usize {
        self.readers[id].len()
    }

    /// Up to `most` ways from a node to signs; the nodes on them count as dealt with.
    pub(super) fn sign_chains(&mut self, id: NodeId, most: usize) -> Vec<SignChain> {
        let chains: Vec<_> =
            self.readers[id].iter().filter_map(|&reader| self.sign_chain(reader)).take(most).collect();
        chains.iter().flat_map(|chain| &chain.ops).for_each(|&op| self.fused[op] = true);
        chains
    }

    fn sign_chain(&self, first: NodeId) -> Option<SignChain> {
        let (mut ops, mut pools, mut at) = (Vec::new(), 0, first);
        loop {
            match self.graph.nodes()[at].op.kind() {
                OpKind::Sign | OpKind::Quantize { .. } => return Some(SignChain { ops, sign: at }),
                OpKind::BatchNorm { .. } | OpKind::Dropout { .. } => ops.push(at),
                OpKind::Pointwise(op) if Pointwise::always_rises(op) => ops.push(at),
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
            let [next] = self.readers[at][..] else { return None };
            at = next;
        }
    }
}

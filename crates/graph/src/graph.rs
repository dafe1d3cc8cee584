use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{Conv2d, GraphError, Op, Policy, Precision, Shape};

/// Index of a node in its graph.
pub type NodeId = usize;

/// A node: one operation of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Unique name; weights are stored under it.
    pub name: String,
    /// Operation of the node.
    pub op: Op,
    /// Indices of its inputs, all less than its own.
    pub inputs: Vec<NodeId>,
}

/// A network as data: nodes in topological order, the first the input, the last the output.
///
/// Every `Graph` is valid: building or deserializing one checks names, order, arity, shapes and
/// sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawGraph", into = "RawGraph")]
pub struct Graph {
    architecture: String,
    policy: Policy,
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGraph {
    architecture: String,
    policy: Policy,
    nodes: Vec<Node>,
}

impl Graph {
    /// The most nodes a graph may have.
    pub const MAX_NODES: usize = 4096;

    /// A graph of `nodes` in topological order.
    ///
    /// # Errors
    /// Any [`GraphError`] that describes an invalid graph.
    pub fn new(architecture: String, policy: Policy, nodes: Vec<Node>) -> Result<Self, GraphError> {
        if !(2..=Self::MAX_NODES).contains(&nodes.len()) {
            return Err(GraphError::Size { count: nodes.len(), limit: Self::MAX_NODES });
        }
        let mut names = HashSet::new();
        let mut shapes: Vec<Shape> = Vec::with_capacity(nodes.len());
        for (id, node) in nodes.iter().enumerate() {
            if node.name.is_empty() || !names.insert(node.name.as_str()) {
                return Err(GraphError::Name(node.name.clone()));
            }
            if matches!(node.op, Op::Input { .. }) != (id == 0) {
                return Err(GraphError::Input);
            }
            if let Some(&input) = node.inputs.iter().find(|&&input| input >= id) {
                return Err(GraphError::Order { node: node.name.clone(), input });
            }
            check_binary_input(node, &nodes)?;
            let inputs: Vec<Shape> = node.inputs.iter().map(|&input| shapes[input]).collect();
            shapes.push(node.op.output_shape(&node.name, &inputs)?);
        }
        Ok(Self { architecture, policy, nodes, shapes })
    }

    /// Name of the architecture this graph was built from.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The policy it was built with.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// All nodes, in topological order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Output shape of a node.
    ///
    /// # Panics
    /// If `id` is not a node of this graph.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.shapes[id]
    }

    /// Output shape of a node's first input.
    ///
    /// # Panics
    /// If `id` is not a node of this graph, or the input node.
    pub fn input_shape_of(&self, id: NodeId) -> Shape {
        self.shapes[self.nodes[id].inputs[0]]
    }

    /// Number of channels that a filter of convolution `id` sees; 0 for any other node.
    ///
    /// # Panics
    /// If `id` is not a node of this graph.
    pub fn filter_channels(&self, id: NodeId) -> usize {
        match &self.nodes[id].op {
            Op::Conv2d(conv) => conv.group_channels(self.input_shape_of(id).channels),
            _ => 0,
        }
    }

    /// Number of bits of each input value of the `fbin` convolution `id`; `None` for any other node.
    ///
    /// # Panics
    /// If `id` is not a node of this graph.
    pub fn input_bits(&self, id: NodeId) -> Option<u8> {
        let Op::Conv2d(Conv2d { precision: Precision::Fbin, .. }) = self.nodes[id].op else { return None };
        match self.nodes[self.nodes[id].inputs[0]].op {
            Op::Quantize { bits } => Some(bits),
            _ => Some(1),
        }
    }

    /// Shape of the network's input.
    pub fn input_shape(&self) -> Shape {
        self.shapes[0]
    }

    /// Number of outputs: the elements of the last node.
    pub fn outputs(&self) -> usize {
        self.shapes[self.shapes.len() - 1].elements()
    }

    /// The last convolution, if it sees a single position in reals that are not the canvas, and at most scales and biases
    /// follow it: the layer that makes logits of the [embedding](Self::embedding_len).
    pub fn classifier(&self) -> Option<NodeId> {
        let (id, node, conv) = self.convolutions().last()?;
        let follows = |node: &Node| matches!(node.op, Op::BatchNorm { .. } | Op::Bias);
        let is_chain = (id + 1..self.nodes.len())
            .all(|after| follows(&self.nodes[after]) && self.nodes[after].inputs == [after - 1]);
        let input = &self.nodes[node.inputs[0]].op;
        let is_embedding = !matches!(input, Op::Input { .. } | Op::Sign | Op::Quantize { .. });
        let sees_one = self.input_shape_of(id).positions() == 1 && self.shapes[id].positions() == 1;
        (is_chain && is_embedding && sees_one && conv.groups == 1).then_some(id)
    }

    /// Number of values of an embedding, the vector that the [classifier](Self::classifier) makes logits of; 0 for networks
    /// without one.
    pub fn embedding_len(&self) -> usize {
        self.classifier().map_or(0, |id| self.input_shape_of(id).channels)
    }

    /// The convolutions with their node ids, in order.
    pub fn convolutions(&self) -> impl Iterator<Item = (NodeId, &Node, &Conv2d)> {
        self.nodes.iter().enumerate().filter_map(|(id, node)| match &node.op {
            Op::Conv2d(conv) => Some((id, node, conv)),
            _ => None,
        })
    }
}

/// A fully binary convolution is only that if a sign or levels feed it.
fn check_binary_input(node: &Node, nodes: &[Node]) -> Result<(), GraphError> {
    let Op::Conv2d(Conv2d { precision: Precision::Fbin, .. }) = node.op else {
        return Ok(());
    };
    let fed_by_bits =
        node.inputs.iter().all(|&input| matches!(nodes[input].op, Op::Sign | Op::Quantize { .. }));
    if fed_by_bits {
        return Ok(());
    }
    let reason = "an fbin convolution must read a sign or a quantize".into();
    Err(GraphError::Op { node: node.name.clone(), reason })
}

impl TryFrom<RawGraph> for Graph {
    type Error = GraphError;

    fn try_from(raw: RawGraph) -> Result<Self, Self::Error> {
        Self::new(raw.architecture, raw.policy, raw.nodes)
    }
}

impl From<Graph> for RawGraph {
    fn from(graph: Graph) -> Self {
        Self { architecture: graph.architecture, policy: graph.policy, nodes: graph.nodes }
    }
}

//! The network that is being written.

use std::collections::{BTreeMap, HashSet};

use dabnet_engine::NodeParameters;
use dabnet_graph::{Conv2d, Graph, Node, NodeId, Op, Policy, Precision, Shape};

use crate::import::{ImportError, activation::ActivationView, error::one_line, node::OnnxNode};

/// Nodes and parameters so far.
pub(crate) struct NetworkBuilder {
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
    names: HashSet<String>,
    pub parameters: BTreeMap<String, NodeParameters>,
}

impl NetworkBuilder {
    pub(crate) fn new(input: Shape) -> Self {
        let node = Node { name: "input".into(), op: Op::Input { shape: input }, inputs: vec![] };
        let names = HashSet::from([node.name.clone()]);
        Self { nodes: vec![node], shapes: vec![input], names, parameters: BTreeMap::new() }
    }

    pub(crate) fn shape(&self, id: NodeId) -> Shape {
        self.shapes[id]
    }

    /// Adds an op.
    ///
    /// # Errors
    /// Where it cannot be applied to these inputs, naming the node of the file that it comes from.
    pub(crate) fn push(
        &mut self,
        from: &OnnxNode,
        name: &str,
        op: Op,
        inputs: Vec<NodeId>,
    ) -> Result<NodeId, ImportError> {
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.shapes[input]).collect();
        let name = self.unique(name);
        let shape = op.output_shape(&name, &shapes).map_err(|error| from.refuse(error.to_string()))?;
        self.nodes.push(Node { name, op, inputs });
        self.shapes.push(shape);
        Ok(self.nodes.len() - 1)
    }

    /// Adds an op with values per channel, by name.
    pub(crate) fn push_channels(
        &mut self,
        from: &OnnxNode,
        name: &str,
        op: Op,
        input: NodeId,
        values: BTreeMap<&'static str, Vec<f32>>,
    ) -> Result<NodeId, ImportError> {
        if let Some(name) = values.iter().find(|(_, values)| values.iter().any(|it| !it.is_finite())) {
            return Err(from.refuse(format!("its {} is not finite everywhere", name.0)));
        }
        let id = self.push(from, name, op, vec![input])?;
        self.parameters.insert(self.nodes[id].name.clone(), NodeParameters::Channels(values));
        Ok(id)
    }

    /// Adds a convolution with weights `[out, in / groups, kernel, kernel]`.
    pub(crate) fn push_conv(
        &mut self,
        from: &OnnxNode,
        name: &str,
        conv: Conv2d,
        input: NodeId,
        weights: Vec<f32>,
    ) -> Result<NodeId, ImportError> {
        if weights.iter().any(|weight| !weight.is_finite()) {
            return Err(from.refuse("a weight is not a finite number"));
        }
        let channels = self.shapes[input].channels;
        let is_binary = matches!(self.nodes[input].op, Op::Sign | Op::Quantize { .. });
        let parameters = is_binary.then(|| two_valued(&conv, channels, &weights)).flatten();
        let precision = if parameters.is_some() { Precision::Fbin } else { conv.precision };
        let id = self.push(from, name, Op::Conv2d(Conv2d { precision, ..conv }), vec![input])?;
        let parameters = parameters.unwrap_or(NodeParameters::Float { weights });
        self.parameters.insert(self.nodes[id].name.clone(), parameters);
        Ok(id)
    }

    /// Adds a number per channel to what a node gives.
    pub(crate) fn push_bias(
        &mut self,
        from: &OnnxNode,
        name: &str,
        activation: ActivationView,
        bias: Vec<f32>,
    ) -> Result<ActivationView, ImportError> {
        let values = BTreeMap::from([("bias", bias)]);
        let id = self.push_channels(from, name, Op::Bias, activation.node, values)?;
        Ok(activation.through(id))
    }

    /// The graph, where `last` gives the answer.
    pub(crate) fn finish(self, last: NodeId) -> Result<(Graph, BTreeMap<String, NodeParameters>), String> {
        if last + 1 != self.nodes.len() {
            return Err(format!(
                "the output comes from node '{}', which others follow",
                self.nodes[last].name
            ));
        }
        let graph =
            Graph::new("imported".into(), Policy::Full, self.nodes).map_err(|error| error.to_string())?;
        Ok((graph, self.parameters))
    }

    fn unique(&mut self, name: &str) -> String {
        // These are for lists of layers, as in `hybrid:LAYER,LAYER` and `LAYER=BITS`.
        let name = one_line(if name.is_empty() { "node" } else { name }).replace([',', '=', ':'], "_");
        let name = if name == "auto" { "auto_".to_owned() } else { name };
        let numbered = (2..).map(|number| format!("{name}.{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !self.names.contains(name));
        let name = free.unwrap_or_default();
        self.names.insert(name.clone());
        name
    }
}

/// Packed parameters of filters on `channels` channels of which each has one or two values; `None` if one has more.
fn two_valued(conv: &Conv2d, channels: usize, weights: &[f32]) -> Option<NodeParameters> {
    let (mut alpha, mut beta) = (Vec::new(), Vec::new());
    let mut selected = Vec::with_capacity(weights.len());
    for filter in weights.chunks(conv.filter_len(channels).max(1)) {
        let upper = filter.iter().copied().fold(f32::MIN, f32::max);
        let lower = filter.iter().copied().fold(f32::MAX, f32::min);
        if filter.iter().any(|&weight| weight != upper && weight != lower) {
            return None;
        }
        selected.extend(filter.iter().map(|&weight| weight == upper));
        alpha.push(upper);
        beta.push(lower);
    }
    NodeParameters::binary(conv, channels, &selected, alpha, beta).ok()
}

use std::collections::{HashMap, HashSet};

use crate::{
    ArchitectureOptions, Conv2d, Graph, GraphError, Node, NodeId, Op, Policy, Precision, WeightFormat,
    builder::EPSILON,
};

impl Graph {
    /// Returns the network with the precisions of a policy, from a graph in full precision, with [input
    /// bits](ArchitectureOptions::input_bits) and [ends](ArchitectureOptions::ends) of the options. The first and last convolution
    /// stay in full precision.
    ///
    /// A convolution with binary inputs reads them through a batch normalization and a sign of its own, called
    /// `NAME.sign.norm` and `NAME.sign`, or `NAME.quantize.norm` and `NAME.quantize` where they have more than one
    /// bit; nothing else is added or taken away.
    ///
    /// # Errors
    /// [`GraphError::Op`] if a convolution is not in full precision and the policy is another than the graph's,
    /// [`GraphError::Layer`] or [`GraphError::InputBitsLayer`] if the policy or the input bits name a layer that is
    /// not between the first and the last convolution, and whatever keeps the result from being a graph.
    pub fn with_policy(&self, policy: &Policy, options: &ArchitectureOptions) -> Result<Self, GraphError> {
        if policy == self.policy() && *options == ArchitectureOptions::default() {
            return Ok(self.clone());
        }
        let binary = self.convolutions().find(|(_, _, conv)| conv.precision.binary_weights());
        if let Some((_, node, conv)) = binary {
            let reason = format!("is {:?} already, so that it cannot become {policy}", conv.precision);
            return Err(GraphError::Op { node: node.name.clone(), reason });
        }
        let all: Vec<&str> = self.convolutions().map(|(_, node, _)| node.name.as_str()).collect();
        let inner = all.get(1..all.len().saturating_sub(1)).unwrap_or_default();
        let (architecture, known) = (self.architecture().to_owned(), inner.join(", "));
        if let Policy::Hybrid(layers) = policy
            && let Some(layer) = layers.iter().find(|layer| !inner.contains(&layer.as_str()))
        {
            return Err(GraphError::Layer { layer: layer.clone(), architecture, known });
        }
        if let Some(layer) = options.input_bits.named().find(|layer| !inner.contains(layer)) {
            return Err(GraphError::InputBitsLayer { layer: layer.to_owned(), architecture, known });
        }
        let mut rebuilt = GraphRewriter::new(self, policy, options);
        for (id, node) in self.nodes().iter().enumerate() {
            rebuilt.push(id, node, inner.contains(&node.name.as_str()));
        }
        Self::new(self.architecture().to_owned(), policy.clone(), rebuilt.nodes)
    }

    /// Returns the network for another number of labels: with as many filters in its last convolution.
    ///
    /// # Errors
    /// [`GraphError::Op`] if the network then has another number of outputs, and whatever keeps the result from
    /// being a graph.
    pub fn with_outputs(&self, outputs: usize) -> Result<Self, GraphError> {
        if outputs == self.outputs() {
            return Ok(self.clone());
        }
        let last = self.convolutions().last().map(|(id, ..)| id);
        let mut nodes = self.nodes().to_vec();
        let fail = |node: String| {
            let reason = format!("{outputs} filters in the last convolution do not make so many outputs");
            Err(GraphError::Op { node, reason })
        };
        let Some(Node { name, op: Op::Conv2d(conv), .. }) = last.map(|id| &mut nodes[id]) else {
            return fail("input".to_owned());
        };
        let name = name.clone();
        conv.out_channels = outputs;
        let graph = Self::new(self.architecture().to_owned(), self.policy().clone(), nodes)?;
        if graph.outputs() == outputs { Ok(graph) } else { fail(name) }
    }
}

/// Rewrites the nodes of a graph, inserting others between them.
struct GraphRewriter<'a> {
    policy: &'a Policy,
    options: &'a ArchitectureOptions,
    nodes: Vec<Node>,
    /// New index of each of the graph's own nodes.
    places: HashMap<NodeId, NodeId>,
    names: HashSet<String>,
}

impl<'a> GraphRewriter<'a> {
    fn new(graph: &Graph, policy: &'a Policy, options: &'a ArchitectureOptions) -> Self {
        let names = graph.nodes().iter().map(|node| node.name.clone()).collect();
        Self { policy, options, nodes: Vec::new(), places: HashMap::new(), names }
    }

    /// Adds the graph's node `id`; a convolution in full precision if it is no inner one.
    fn push(&mut self, id: NodeId, node: &Node, is_inner: bool) {
        let mut node = node.clone();
        node.inputs.iter_mut().for_each(|input| *input = self.places[input]);
        if let Op::Conv2d(conv) = node.op {
            let precision = if is_inner { self.policy.precision(&node.name) } else { Precision::Full };
            let weight_format =
                if is_inner { WeightFormat::F32 } else { self.options.weight_format(self.policy) };
            node.op = Op::Conv2d(Conv2d { precision, weight_format, ..conv });
            if precision == Precision::Fbin {
                let (sign, op) = self.options.input_bits.op(&node.name);
                let norm = Op::BatchNorm { epsilon: EPSILON };
                for (name, op) in [(format!("{sign}.norm"), norm), (sign, op)] {
                    let name = self.unused_name(name);
                    self.nodes.push(Node { name, op, inputs: node.inputs });
                    node.inputs = vec![self.nodes.len() - 1];
                }
            }
        }
        self.nodes.push(node);
        self.places.insert(id, self.nodes.len() - 1);
    }

    /// Returns an unused name, `name` itself if possible.
    fn unused_name(&mut self, mut name: String) -> String {
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConvSpec, GraphBuilder, Shape, architectures};

    /// A network with branches, in an order of its own.
    fn graph() -> Graph {
        let mut net = GraphBuilder::new("theirs", &Policy::Full, Shape::new(1, 16, 16));
        net.full_layer("stem", ConvSpec::new(8, 3).padding(1));
        let stem = net.head();
        net.conv("left", ConvSpec::new(8, 3).padding(1));
        net.relu("left.sign");
        let left = net.head();
        net.go_to(stem);
        net.conv("right", ConvSpec::new(8, 1).groups(2));
        net.add("sum", left);
        net.global_avg_pool("mean");
        net.conv("head", ConvSpec::new(5, 1));
        net.batch_norm("bias");
        net.build().unwrap()
    }

    fn plain() -> ArchitectureOptions {
        ArchitectureOptions::default()
    }

    fn precisions(graph: &Graph) -> Vec<Precision> {
        graph.convolutions().map(|(_, _, conv)| conv.precision).collect()
    }

    #[test]
    fn full_precision_is_the_graph_itself() {
        assert_eq!(graph().with_policy(&Policy::Full, &plain()).unwrap(), graph());
    }

    #[test]
    fn binary_weights_change_nothing_but_precisions() {
        let wbin = graph().with_policy(&Policy::Wbin, &plain()).unwrap();
        assert_eq!(precisions(&wbin), [Precision::Full, Precision::Wbin, Precision::Wbin, Precision::Full]);
        assert_eq!(wbin.policy(), &Policy::Wbin);
        assert_eq!(wbin.nodes().len(), graph().nodes().len());
        let names = |graph: &Graph| graph.nodes().iter().map(|node| node.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&wbin), names(&graph()));
    }

    #[test]
    fn binary_inputs_come_through_a_norm_and_a_sign_each() {
        let fbin = graph().with_policy(&Policy::Fbin, &plain()).unwrap();
        assert_eq!(precisions(&fbin), [Precision::Full, Precision::Fbin, Precision::Fbin, Precision::Full]);
        let node = |name: &str| fbin.nodes().iter().find(|node| node.name == name).unwrap();
        let source = |node: &Node| fbin.nodes()[node.inputs[0]].clone();
        for (layer, sign_name) in [("left", "left.sign_"), ("right", "right.sign")] {
            let sign = source(node(layer));
            assert_eq!((sign.name.as_str(), &sign.op), (sign_name, &Op::Sign));
            let norm = source(&sign);
            assert!(matches!(norm.op, Op::BatchNorm { .. }), "{norm:?}");
            assert_eq!(source(&norm).name, "stem.relu");
        }
        // What followed a layer follows it still.
        assert_eq!(source(node("left.sign")).name, "left");
        assert_eq!(fbin.nodes().len(), graph().nodes().len() + 4);
        assert_eq!(fbin.outputs(), 5);
    }

    #[test]
    fn inputs_of_more_bits_come_through_a_quantizer() {
        let options = |bits: &str| ArchitectureOptions { input_bits: bits.parse().unwrap(), ..plain() };
        let levels = graph().with_policy(&Policy::Fbin, &options("1,right=2")).unwrap();
        let bits = levels.convolutions().map(|(id, ..)| levels.input_bits(id));
        assert_eq!(bits.collect::<Vec<_>>(), [None, Some(1), Some(2), None]);
        assert!(levels.nodes().iter().any(|node| node.name == "right.quantize.norm"));
        let error = graph().with_policy(&Policy::Fbin, &options("2,head=4")).unwrap_err().to_string();
        assert!(error.contains("left, right"), "{error}");
    }

    #[test]
    fn ends_are_stored_in_eight_bits_beside_binary_layers() {
        let formats = |policy: &Policy| {
            let graph = graph().with_policy(policy, &plain()).unwrap();
            graph.convolutions().map(|(_, _, conv)| conv.weight_format).collect::<Vec<_>>()
        };
        let (short, long) = (WeightFormat::I8, WeightFormat::F32);
        assert_eq!(formats(&Policy::Fbin), [short, long, long, short]);
        assert_eq!(formats(&Policy::Full), [long; 4]);
    }

    #[test]
    fn a_hybrid_keeps_the_inputs_of_the_layers_it_names() {
        let hybrid = graph().with_policy(&"hybrid:right".parse().unwrap(), &plain()).unwrap();
        assert_eq!(precisions(&hybrid)[1..3], [Precision::Fbin, Precision::Wbin]);
        for layer in ["head", "sum"] {
            let error =
                graph().with_policy(&format!("hybrid:{layer}").parse().unwrap(), &plain()).unwrap_err();
            assert!(error.to_string().contains("left, right"), "{error}");
        }
    }

    #[test]
    fn what_is_binary_stays_as_it_is() {
        let fbin = graph().with_policy(&Policy::Fbin, &plain()).unwrap();
        assert_eq!(fbin.with_policy(&Policy::Fbin, &plain()).unwrap(), fbin);
        let error = fbin.with_policy(&Policy::Wbin, &plain()).unwrap_err().to_string();
        assert!(error.contains("'left'"), "{error}");
    }

    #[test]
    fn the_last_layer_has_a_filter_a_label() {
        let other = graph().with_outputs(12).unwrap();
        assert_eq!(other.outputs(), 12);
        let filters =
            |graph: &Graph| graph.convolutions().map(|(_, _, conv)| conv.out_channels).collect::<Vec<_>>();
        assert_eq!(filters(&other), [8, 8, 8, 12]);
        let mut twice = GraphBuilder::new("twice", &Policy::Full, Shape::new(1, 16, 16));
        twice.conv("head", ConvSpec::new(3, 16));
        let head = twice.head();
        twice.concat("both", vec![head, head]);
        assert!(twice.build().unwrap().with_outputs(4).is_err());
    }

    /// Applying a policy to an architecture's graph in full precision is the same as building the
    /// architecture with it.
    #[test]
    fn architectures_become_what_they_are_built_as() {
        for architecture in architectures::ALL {
            let full = architecture.graph(architecture.side, 7, &Policy::Full).unwrap();
            for policy in [Policy::Wbin, Policy::Fbin] {
                let rebuilt = full.with_policy(&policy, &plain()).unwrap().with_outputs(9).unwrap();
                assert_eq!(rebuilt.outputs(), 9);
                let inner = &precisions(&rebuilt)[1..rebuilt.convolutions().count() - 1];
                let expected = policy.precision("any");
                assert!(inner.iter().all(|precision| *precision == expected), "{}", architecture.name);
            }
        }
    }
}

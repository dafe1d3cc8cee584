//! Roles of initializers in an ONNX graph: weights of layers, and first and last layers.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
};

use super::{NO_WEIGHTS, ProtoReader, bytes_of, numbers, text};
use crate::{FilterAxis, LayerRole, Tensor};

/// Nodes, inputs and outputs of a `GraphProto`.
pub(super) struct OnnxGraph {
    /// In the order in which they run.
    pub(super) nodes: Vec<OnnxNode>,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
}

/// Inputs, outputs and weights of a `NodeProto`.
pub(super) struct OnnxNode {
    op: String,
    inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    /// True if `Gemm` transposes its second input.
    transposed: bool,
    /// The tensor of a `Constant`, which some exporters use in place of initializers.
    pub(super) constant: Option<Range<u64>>,
    /// Subgraphs: branches of `If`, bodies of `Loop` and `Scan`.
    pub(super) branches: Vec<Range<u64>>,
}

impl OnnxNode {
    pub(super) fn read(model: &mut ProtoReader, range: Range<u64>) -> io::Result<Self> {
        let fields = model.fields(range)?;
        let op = text(model, &fields, 4)?;
        let mut names = |number| {
            let names = bytes_of(&fields, number).into_iter();
            names.map(|name| Ok(String::from_utf8_lossy(&model.bytes(name)?).into_owned())).collect()
        };
        let (inputs, outputs): (io::Result<Vec<_>>, io::Result<Vec<_>>) = (names(1), names(2));
        let (inputs, outputs) = (inputs?, outputs?);
        let (mut transposed, mut constant, mut branches) = (false, None, Vec::new());
        if ["Gemm", "Constant", "If", "Loop", "Scan"].contains(&op.as_str()) {
            for attribute in bytes_of(&fields, 5) {
                let attribute = model.fields(attribute)?;
                branches.extend(bytes_of(&attribute, 6));
                match text(model, &attribute, 1)?.as_str() {
                    "transB" => transposed = numbers(&attribute, 3).last().is_some_and(|&value| value != 0),
                    "value" => constant = bytes_of(&attribute, 5).last().cloned(),
                    _ => {}
                }
            }
        }
        Ok(Self { op, inputs, outputs, transposed, constant, branches })
    }

    /// Name of the node's weights and the axis of their filters, which may be neither the first nor the last
    /// dimension.
    fn weights(&self) -> Option<(&str, Option<FilterAxis>)> {
        let filters = match self.op.as_str() {
            "Conv" => Some(FilterAxis::First),
            "Gemm" if self.transposed => Some(FilterAxis::First),
            "Gemm" | "MatMul" => Some(FilterAxis::Last),
            "ConvTranspose" => None,
            _ => return None,
        };
        Some((self.inputs.get(1)?, filters))
    }
}

impl OnnxGraph {
    /// Assigns roles to tensors, and moves weights of layers to the front.
    ///
    /// A layer that the input reaches without another on the way is a first one, a layer from which
    /// an output is reached so is a last one: a network with branches may have several.
    pub(super) fn assign_roles(
        &self,
        mut tensors: Vec<Tensor>,
        is_stored: impl Fn(&Tensor) -> bool,
    ) -> Vec<Tensor> {
        let by_name: BTreeMap<String, usize> =
            tensors.iter().enumerate().map(|(index, tensor)| (tensor.name.clone(), index)).collect();
        let layers: Vec<Option<usize>> = self
            .nodes
            .iter()
            .map(|node| {
                let (name, filters) = node.weights()?;
                let index = *by_name.get(name)?;
                let tensor = &mut tensors[index];
                if tensor.role == LayerRole::Other(NO_WEIGHTS) {
                    let obstacle = tensor.obstacle_if(is_stored(tensor));
                    tensor.role = match filters {
                        _ if obstacle.is_some() => LayerRole::Other(obstacle.unwrap_or_default()),
                        None => LayerRole::Other("a transposed convolution"),
                        // A stack of matrices has filters in neither dimension.
                        Some(FilterAxis::Last) if tensor.shape.len() != 2 => {
                            LayerRole::Other("a stack of matrices")
                        }
                        Some(_) => LayerRole::Inner,
                    };
                    tensor.filters = filters.unwrap_or(FilterAxis::First);
                }
                Some(index)
            })
            .collect();
        for node in &self.nodes {
            let weights = node.weights().map(|(name, _)| name);
            for index in node
                .inputs
                .iter()
                .filter(|name| Some(name.as_str()) != weights)
                .filter_map(|name| by_name.get(name))
            {
                if tensors[*index].role == LayerRole::Inner {
                    tensors[*index].role = LayerRole::Other("read by another op as well");
                }
            }
        }
        let mut set = |layers: Vec<usize>, role| {
            for index in layers {
                if tensors[index].role == LayerRole::Inner {
                    tensors[index].role = role;
                }
            }
        };
        set(self.first(&layers), LayerRole::First);
        set(self.last(&layers), LayerRole::Last);
        let mut places = BTreeMap::new();
        for (external_data, &index) in layers.iter().flatten().enumerate() {
            places.entry(index).or_insert(external_data);
        }
        let mut ordered: Vec<(usize, Tensor)> = tensors.into_iter().enumerate().collect();
        ordered.sort_by_key(|(index, _)| places.get(index).copied().unwrap_or(usize::MAX));
        ordered.into_iter().map(|(_, tensor)| tensor).collect()
    }

    /// Layers that see the input.
    fn first(&self, layers: &[Option<usize>]) -> Vec<usize> {
        let mut fresh: BTreeSet<&str> = self.inputs.iter().map(String::as_str).collect();
        let mut first = Vec::new();
        for (node, layer) in self.nodes.iter().zip(layers) {
            // Weights are inputs, too, in old models; and a shape is no activation.
            let seen = match layer {
                Some(_) => node.inputs.first().is_some_and(|input| fresh.contains(input.as_str())),
                None => node.inputs.iter().any(|input| fresh.contains(input.as_str())),
            };
            match layer {
                Some(layer) if seen => first.push(*layer),
                None if seen && !matches!(node.op.as_str(), "Shape" | "Size") => {
                    fresh.extend(node.outputs.iter().map(String::as_str));
                }
                _ => {}
            }
        }
        first
    }

    /// Layers that an output comes from.
    fn last(&self, layers: &[Option<usize>]) -> Vec<usize> {
        let mut wanted: BTreeSet<&str> = self.outputs.iter().map(String::as_str).collect();
        let mut last = Vec::new();
        for (node, layer) in self.nodes.iter().zip(layers).rev() {
            if node.outputs.iter().any(|output| wanted.contains(output.as_str())) {
                match layer {
                    Some(layer) => last.push(*layer),
                    None => wanted.extend(node.inputs.iter().map(String::as_str)),
                }
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NumberFormat;

    fn node(op: &str, inputs: &[&str], output: &str) -> OnnxNode {
        let inputs = inputs.iter().map(|name| (*name).to_owned()).collect();
        OnnxNode {
            op: op.into(),
            inputs,
            outputs: vec![output.into()],
            transposed: false,
            constant: None,
            branches: Vec::new(),
        }
    }

    fn tensor(name: &str) -> Tensor {
        Tensor {
            name: name.to_owned(),
            shape: vec![4, 4],
            dtype: "F32".into(),
            number: Some(NumberFormat::F32),
            filters: FilterAxis::First,
            role: LayerRole::Other(NO_WEIGHTS),
            file: 0,
            bytes: Some(0..64),
        }
    }

    /// Names and roles of the weights of a graph from `x` to `outputs`.
    fn roles(nodes: Vec<OnnxNode>, outputs: &[&str], weights: &[&str]) -> Vec<(String, LayerRole)> {
        let outputs = outputs.iter().map(|name| (*name).to_owned()).collect();
        let graph = OnnxGraph { nodes, inputs: vec!["x".into()], outputs };
        let tensors = graph.assign_roles(weights.iter().map(|name| tensor(name)).collect(), |_| true);
        tensors.into_iter().map(|tensor| (tensor.name, tensor.role)).collect()
    }

    fn expected(roles: &[(&str, LayerRole)]) -> Vec<(String, LayerRole)> {
        roles.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect()
    }

    #[test]
    fn branches_have_ends_of_their_own() {
        let nodes = vec![
            node("Conv", &["x", "stem"], "a"),
            node("Relu", &["a"], "b"),
            node("Shape", &["x"], "size"),
            node("Reshape", &["b", "size"], "c"),
            node("Conv", &["c", "inner"], "d"),
            node("Conv", &["d", "boxes"], "e"),
            node("Conv", &["d", "classes"], "f"),
            node("Sigmoid", &["f"], "g"),
            node("Concat", &["e", "g"], "out"),
        ];
        let found = roles(nodes, &["out"], &["bias", "classes", "boxes", "inner", "stem"]);
        let (inner, last) = (LayerRole::Inner, LayerRole::Last);
        let order = [("stem", LayerRole::First), ("inner", inner), ("boxes", last), ("classes", last)];
        assert_eq!(found[..4], expected(&order));
        assert_eq!(found[4], ("bias".into(), LayerRole::Other(NO_WEIGHTS)));
    }

    #[test]
    fn a_transposed_convolution_is_a_layer_that_is_left_alone() {
        let nodes = vec![
            node("Conv", &["x", "first"], "a"),
            node("Conv", &["a", "inner"], "b"),
            node("ConvTranspose", &["b", "up"], "out"),
        ];
        let up = LayerRole::Other("a transposed convolution");
        let order = [("first", LayerRole::First), ("inner", LayerRole::Inner), ("up", up)];
        assert_eq!(roles(nodes, &["out"], &["up", "inner", "first"]), expected(&order));
    }

    #[test]
    fn why_weights_are_left_alone_is_said() {
        let nodes = || {
            vec![
                node("Conv", &["x", "first"], "a"),
                node("MatMul", &["a", "tied"], "b"),
                node("Add", &["b", "tied"], "c"),
                node("MatMul", &["c", "last"], "out"),
            ]
        };
        let found = roles(nodes(), &["out"], &["first", "tied", "last"]);
        assert_eq!(found[1], ("tied".into(), LayerRole::Other("read by another op as well")));
        // Numbers that are not read are no reason to say that these are no weights.
        let graph = OnnxGraph { nodes: nodes(), inputs: vec!["x".into()], outputs: vec!["out".into()] };
        let double = Tensor { number: None, ..tensor("first") };
        let tensors = graph.assign_roles(vec![double], |_| true);
        assert_eq!(tensors[0].role, LayerRole::Other("not F32, F16 or BF16"));
    }

    #[test]
    fn the_only_layer_is_an_end() {
        let found = roles(vec![node("MatMul", &["x", "w"], "out")], &["out"], &["w"]);
        assert_eq!(found, expected(&[("w", LayerRole::First)]));
    }
}

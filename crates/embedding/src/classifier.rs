use dabnet_engine::{EngineError, NodeParameters, PackedModel, quantize};
use dabnet_graph::{Graph, Node, NodeId, Op};
use std::collections::BTreeMap;

use crate::EmbeddingError;

/// Rows to add to a last layer: a label each, with weights for the embedding's values and a bias.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NewRows {
    pub labels: Vec<String>,
    /// `[labels, width]`.
    pub weights: Vec<f32>,
    pub biases: Vec<f32>,
}

/// The last layer as it computes: `weights · embedding + biases`, with all scales behind it folded in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinearClassifier {
    /// `[labels, width]`.
    pub weights: Vec<f32>,
    pub biases: Vec<f32>,
    pub width: usize,
}

impl LinearClassifier {
    pub(crate) fn new(packed: &PackedModel) -> Result<Self, EmbeddingError> {
        let id = classifier(&packed.graph)?;
        let mut weights = packed.dense(&packed.graph.nodes()[id].name)?;
        let width = packed.graph.embedding_len();
        let mut biases = vec![0.0; packed.labels.len()];
        for parameters in tail(&packed.graph, id).map(|node| channels(packed, node)) {
            let parameters = parameters?;
            if let Some(scales) = parameters.get("scale") {
                let rows = weights.chunks_exact_mut(width).zip(&mut biases).zip(scales);
                rows.for_each(|((row, bias), scale)| {
                    row.iter_mut().for_each(|weight| *weight *= scale);
                    *bias *= scale;
                });
            }
            let added = parameters.get("shift").or_else(|| parameters.get("bias"));
            biases.iter_mut().zip(added.into_iter().flatten()).for_each(|(bias, added)| *bias += added);
        }
        Ok(Self { weights, biases, width })
    }

    /// Logits of an embedding.
    pub(crate) fn logits(&self, embedding: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.width).zip(&self.biases);
        rows.map(|(row, bias)| row.iter().zip(embedding).map(|(a, b)| a * b).sum::<f32>() + bias).collect()
    }
}

/// Divides all logits of a model.
pub(crate) fn divide(packed: &mut PackedModel, by: f32) -> Result<(), EmbeddingError> {
    let id = classifier(&packed.graph)?;
    let names: Vec<String> = packed.graph.nodes()[id..].iter().map(|node| node.name.clone()).collect();
    // What a scale behind the layer divides must not be divided before it.
    let from = names.iter().rposition(|name| {
        matches!(packed.parameters.get(name), Some(NodeParameters::Channels(values)) if values.contains_key("scale"))
    });
    for name in &names[from.unwrap_or(0)..] {
        match packed.parameters.get_mut(name) {
            Some(
                NodeParameters::Float { weights: values } | NodeParameters::Quantized { scale: values, .. },
            ) => {
                values.iter_mut().for_each(|value| *value /= by);
            }
            Some(NodeParameters::Binary { alpha, beta, .. }) => {
                alpha.iter_mut().chain(beta).for_each(|value| *value /= by);
            }
            Some(NodeParameters::Channels(values)) => {
                values.values_mut().flatten().for_each(|value| *value /= by);
            }
            None => {}
        }
    }
    Ok(())
}

/// The model with the words `keep` of its own, indices in ascending order, and `new` ones.
pub(crate) fn with_words(
    packed: &PackedModel,
    keep: &[usize],
    new: &NewRows,
) -> Result<PackedModel, EmbeddingError> {
    let id = classifier(&packed.graph)?;
    if keep.is_empty() && new.labels.is_empty() {
        return Err(EmbeddingError::NoWords);
    }
    let (mut nodes, mut parameters) = (packed.graph.nodes().to_vec(), packed.parameters.clone());
    if tail(&packed.graph, id).next().is_none() {
        let name = free_name(&nodes, &format!("{}.bias", nodes[id].name));
        parameters.insert(
            name.clone(),
            NodeParameters::Channels([("bias", vec![0.0; packed.labels.len()])].into()),
        );
        nodes.push(Node { name, op: Op::Bias, inputs: vec![id] });
    }
    if let Op::Conv2d(conv) = &mut nodes[id].op {
        conv.out_channels = keep.len() + new.labels.len();
    }
    let weights = parameters.get_mut(&nodes[id].name).ok_or(EmbeddingError::NoClassifier)?;
    change_weights(weights, packed.graph.embedding_len(), keep, new)?;
    // The last node behind the layer adds the new biases; the others leave new words as they are.
    let last = nodes.len() - 1;
    for (at, node) in nodes.iter().enumerate().skip(id + 1) {
        if let Some(NodeParameters::Channels(values)) = parameters.get_mut(&node.name) {
            for (name, values) in values {
                *values = kept(values, keep, 1);
                match *name {
                    "scale" => values.extend(vec![1.0; new.labels.len()]),
                    _ if at == last => values.extend(&new.biases),
                    _ => values.extend(vec![0.0; new.labels.len()]),
                }
            }
        }
    }
    let graph = Graph::new(packed.graph.architecture().to_owned(), packed.graph.policy().clone(), nodes)
        .map_err(|error| EngineError::Field { field: "graph".into(), reason: error.to_string() })?;
    let own = keep.iter().map(|&label| packed.labels[label].clone());
    let labels = own.chain(new.labels.iter().cloned()).collect();
    let changed = PackedModel { graph, labels, parameters, ..packed.clone() };
    changed.check()?;
    Ok(changed)
}

/// Keeps rows of a convolution's weights, and adds others in the format of its own.
fn change_weights(
    parameters: &mut NodeParameters,
    width: usize,
    keep: &[usize],
    new: &NewRows,
) -> Result<(), EmbeddingError> {
    match parameters {
        NodeParameters::Float { weights } => {
            *weights = kept(weights, keep, width);
            weights.extend(&new.weights);
        }
        NodeParameters::Quantized { weights, scale } => {
            *weights = kept(weights, keep, width);
            *scale = kept(scale, keep, 1);
            for (row_scale, integers) in new.weights.chunks_exact(width).map(quantize) {
                scale.push(row_scale);
                weights.extend(integers);
            }
        }
        NodeParameters::Binary { .. } | NodeParameters::Channels(_) => {
            return Err(EmbeddingError::NoClassifier);
        }
    }
    Ok(())
}

fn classifier(graph: &Graph) -> Result<NodeId, EmbeddingError> {
    graph.classifier().ok_or(EmbeddingError::NoClassifier)
}

/// Nodes behind the last layer: scales and biases.
fn tail(graph: &Graph, classifier: NodeId) -> impl Iterator<Item = &Node> {
    graph.nodes()[classifier + 1..].iter()
}

/// Values per label of a node behind the last layer.
fn channels<'a>(
    packed: &'a PackedModel,
    node: &Node,
) -> Result<&'a BTreeMap<&'static str, Vec<f32>>, EmbeddingError> {
    match packed.parameters.get(&node.name) {
        Some(NodeParameters::Channels(values)) => Ok(values),
        _ => Err(EmbeddingError::NoClassifier),
    }
}

/// Those of rows of `row` values each that are kept.
fn kept<T: Copy>(values: &[T], keep: &[usize], row: usize) -> Vec<T> {
    keep.iter().flat_map(|&at| &values[at * row..(at + 1) * row]).copied().collect()
}

/// A name that no node has.
fn free_name(nodes: &[Node], wanted: &str) -> String {
    let mut name = wanted.to_owned();
    while nodes.iter().any(|node| node.name == name) {
        name.push('_');
    }
    name
}

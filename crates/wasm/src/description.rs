use std::collections::BTreeMap;

use dabnet_engine::{NodeParameters, PackedModel};
use dabnet_graph::{Precision, Preprocessing};
use serde::Serialize;
use serde_json::Value;

/// What a page tells of a model.
#[derive(Debug, Serialize)]
pub struct Description {
    /// The architecture's name.
    pub architecture: String,
    /// Which layers are binary.
    pub policy: String,
    /// One label an output, in order.
    pub labels: Vec<String>,
    /// How a drawing becomes the network's input.
    pub preprocessing: Preprocessing,
    /// Bytes of the model's file.
    pub bytes: usize,
    /// Bytes of its parameters if all were in full precision.
    pub full_bytes: u64,
    /// Where the model comes from.
    pub provenance: BTreeMap<String, Value>,
    /// The convolutions, in order.
    pub layers: Vec<LayerDescription>,
}

/// What a page tells of a convolution.
#[derive(Debug, Serialize)]
pub struct LayerDescription {
    /// The layer's name.
    pub name: String,
    /// How weights and inputs are represented.
    pub precision: Precision,
    /// Filters.
    pub filters: usize,
    /// Number of weights.
    pub weights: u64,
    /// Bytes of its weights in the file.
    pub bytes: u64,
    /// Multiply-accumulates for one drawing.
    pub macs: u64,
    /// The value of each filter's weights whose bit is 1; nothing in full precision.
    pub alpha: Vec<f32>,
    /// The value of each filter's weights whose bit is 0; nothing in full precision.
    pub beta: Vec<f32>,
}

impl Description {
    /// Of a model whose file has so many bytes.
    pub fn new(model: &PackedModel, bytes: usize) -> Self {
        let graph = &model.graph;
        let account = graph.account();
        let full_bytes = 4 * account.weights() + account.affine_bytes;
        let layers = account.layers.into_iter().map(|layer| {
            let (alpha, beta) = match model.parameters.get(&layer.name) {
                Some(NodeParameters::Binary { alpha, beta, .. }) => (alpha.clone(), beta.clone()),
                _ => (Vec::new(), Vec::new()),
            };
            LayerDescription {
                filters: layer.output.channels,
                name: layer.name,
                precision: layer.precision,
                weights: layer.weights,
                bytes: layer.bytes,
                macs: layer.macs,
                alpha,
                beta,
            }
        });
        Self {
            architecture: graph.architecture().to_owned(),
            policy: graph.policy().to_string(),
            labels: model.labels.clone(),
            preprocessing: model.preprocessing,
            bytes,
            full_bytes,
            provenance: model.provenance.clone(),
            layers: layers.collect(),
        }
    }
}

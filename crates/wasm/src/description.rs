use std::collections::BTreeMap;

use dabnet_engine::{Calibration, NodeParameters, PackedModel};
use dabnet_graph::{Precision, Preprocessing};
use serde::Serialize;
use serde_json::Value;

/// Description of a model for a page.
#[derive(Debug, Serialize)]
pub struct ModelDescription {
    /// The architecture's name.
    pub architecture: String,
    /// Policy: the precision of each layer.
    pub policy: String,
    /// One label an output, in order.
    pub labels: Vec<String>,
    /// Preprocessing of drawings.
    pub preprocessing: Preprocessing,
    /// Size of the model file, in bytes.
    pub bytes: usize,
    /// Size of its parameters in full precision, in bytes.
    pub full_bytes: u64,
    /// Provenance of the model.
    pub provenance: BTreeMap<String, Value>,
    /// True if it knows which drawings are of no word of its own, and can be taught more words.
    pub calibrated: bool,
    /// Words that it was taught.
    pub taught: Vec<String>,
    /// The convolutions, in order.
    pub layers: Vec<LayerDescription>,
}

/// Description of a convolution for a page.
#[derive(Debug, Serialize)]
pub struct LayerDescription {
    /// The layer's name.
    pub name: String,
    /// Precision of weights and inputs.
    pub precision: Precision,
    /// Bits of a weight: 1, 8 or 32.
    pub weight_bits: u8,
    /// Bits of an input: 1, 2 or 4, and 32 of real ones.
    pub input_bits: u8,
    /// Filters.
    pub filters: usize,
    /// Number of weights.
    pub weights: u64,
    /// Size of its weights in the file, in bytes.
    pub bytes: u64,
    /// Multiply-accumulates for one drawing; of single bits in an `fbin` layer, as many a weight as its inputs have bits.
    pub macs: u64,
    /// Value of the weights with bit 1, by filter; empty in full precision.
    pub alpha: Vec<f32>,
    /// Value of the weights with bit 0, by filter; empty in full precision.
    pub beta: Vec<f32>,
}

impl ModelDescription {
    /// Describes a model with a file of `bytes` bytes.
    pub fn new(model: &PackedModel, bytes: usize) -> Self {
        let graph = &model.graph;
        let account = graph.cost();
        let full_bytes = 4 * account.weights() + account.affine_bytes;
        let layers = account.layers.into_iter().zip(graph.convolutions()).map(|(layer, (node, ..))| {
            let (weight_bits, alpha, beta) = match model.parameters.get(&layer.name) {
                Some(NodeParameters::Binary { alpha, beta, .. }) => (1, alpha.clone(), beta.clone()),
                Some(NodeParameters::Quantized { .. }) => (8, Vec::new(), Vec::new()),
                _ => (32, Vec::new(), Vec::new()),
            };
            LayerDescription {
                filters: layer.output.channels,
                name: layer.name,
                precision: layer.precision,
                weight_bits,
                input_bits: graph.input_bits(node).unwrap_or(32),
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
            calibrated: model.calibration.is_some(),
            taught: model.calibration.iter().flat_map(Calibration::taught).map(str::to_owned).collect(),
            layers: layers.collect(),
        }
    }
}

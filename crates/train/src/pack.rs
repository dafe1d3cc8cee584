use std::collections::BTreeMap;

use dabnet_engine::{NodeParameters as Packed, PackedModel};
use dabnet_graph::{Conv2d, NodeId, OpKind, Preprocessing, WeightFormat};
use serde_json::Value;

use crate::{EffectiveWeights, TrainError, TrainedNetwork, parameters::NodeParameters};

/// Metadata of a model file.
#[derive(Clone, Debug)]
pub struct ModelMetadata {
    /// Name of every output, in order.
    pub labels: Vec<String>,
    /// Preprocessing that turns sketches into the network's input.
    pub preprocessing: Preprocessing,
    /// Free-form provenance; the recipe is added to it.
    pub provenance: BTreeMap<String, Value>,
}

/// Packs a trained network: binary filters become bits and two values, batch normalization a scale and a
/// shift per channel, and latent weights are dropped.
///
/// ```
/// use std::collections::BTreeMap;
/// use dabnet_engine::PackedModel;
/// use dabnet_graph::Preprocessing;
/// use dabnet_train::{ModelMetadata, TrainError, TrainedNetwork, pack};
///
/// fn packed(
///     trained: &TrainedNetwork,
///     labels: Vec<String>,
///     preprocessing: Preprocessing,
/// ) -> Result<PackedModel, TrainError> {
///     pack(trained, ModelMetadata { labels, preprocessing, provenance: BTreeMap::new() })
/// }
/// ```
///
/// # Errors
/// [`TrainError::Engine`] if labels, preprocessing and graph do not fit each other.
pub fn pack(trained: &TrainedNetwork, description: ModelMetadata) -> Result<PackedModel, TrainError> {
    let graph = trained.graph();
    let mut parameters = BTreeMap::new();
    for (id, node) in graph.nodes().iter().enumerate() {
        let own = trained.parameters().node(id);
        let packed = match node.op.kind() {
            OpKind::Conv2d(conv) => pack_convolution(trained, id, conv)?,
            OpKind::BatchNorm { epsilon } => fold(own, epsilon),
            OpKind::Pointwise(_) | OpKind::Quantize { .. } if own.iter().next().is_some() => {
                Packed::Channels(own.iter().map(|(name, values)| (name, values.to_vec())).collect())
            }
            OpKind::Pointwise(_)
            | OpKind::Quantize { .. }
            | OpKind::Input { .. }
            | OpKind::Sign
            | OpKind::MaxPool { .. }
            | OpKind::AvgPool { .. }
            | OpKind::GlobalAvgPool
            | OpKind::Add
            | OpKind::Concat
            | OpKind::Dropout { .. } => continue,
        };
        parameters.insert(node.name.clone(), packed);
    }
    let mut provenance = description.provenance;
    provenance.insert("recipe".into(), recipe(trained));
    let model = PackedModel {
        graph: graph.clone(),
        labels: description.labels,
        preprocessing: description.preprocessing,
        provenance,
        parameters,
        calibration: None,
    };
    model.check()?;
    Ok(model)
}

/// Packs real weights as floats or in eight bits, binary ones as bits and two values per filter.
fn pack_convolution(trained: &TrainedNetwork, id: NodeId, conv: &Conv2d) -> Result<Packed, TrainError> {
    let EffectiveWeights { weights, splits } =
        trained.effective_weights(id).expect("every convolution has weights");
    let channels = trained.graph().input_shape_of(id).channels;
    let latent = trained.parameters().get(id, "weight");
    match conv.weight_format {
        WeightFormat::I8 => return Ok(Packed::quantized(latent, conv.filter_len(channels))),
        WeightFormat::F32 if splits.is_empty() => return Ok(Packed::Float { weights: weights.clone() }),
        WeightFormat::F32 => {}
    }
    let filters = latent.chunks(conv.filter_len(channels)).zip(splits);
    let upper = filters.flat_map(|(filter, split)| filter.iter().map(|&weight| split.is_upper(weight)));
    let (alpha, beta) = splits.iter().map(|split| (split.alpha, split.beta)).unzip();
    Ok(Packed::binary(conv, channels, &upper.collect::<Vec<bool>>(), alpha, beta)?)
}

/// Folds a batch normalization into `scale · x + shift`.
fn fold(norm: NodeParameters<'_>, epsilon: f32) -> Packed {
    let [gamma, beta, mean, variance] = ["gamma", "beta", "mean", "variance"].map(|name| norm.get(name));
    let scale: Vec<f32> =
        gamma.iter().zip(variance).map(|(gamma, variance)| gamma / (variance + epsilon).sqrt()).collect();
    let shift = beta.iter().zip(mean).zip(&scale).map(|((beta, mean), scale)| beta - mean * scale).collect();
    Packed::Channels([("scale", scale), ("shift", shift)].into())
}

/// Settings that mean something in binary layers only.
const OF_BINARY_LAYERS: [&str; 5] =
    ["scheme", "center", "weight_gradient", "decay_binary_weights", "real_weight_epochs"];

/// The settings a network was trained with, but those that had nothing to say.
fn recipe(trained: &TrainedNetwork) -> Value {
    let binary = trained.graph().convolutions().any(|(_, _, conv)| conv.precision.binary_weights());
    let mut settings = trained.config().settings();
    settings.retain(|name, value| {
        let says = !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
        says && (binary || !OF_BINARY_LAYERS.contains(&name.as_str()))
    });
    Value::Object(settings)
}

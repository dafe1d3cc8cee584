use std::collections::BTreeMap;

use dabnet_engine::{PackedModel, Parameters as Packed};
use dabnet_graph::{Op, Preprocessing};
use serde_json::Value;

use crate::{Effective, NodeParameters, Norm, TrainError, Trained};

/// What a model file says beside its weights.
#[derive(Clone, Debug)]
pub struct Description {
    /// Name of every output, in order.
    pub labels: Vec<String>,
    /// How sketches became the network's input.
    pub preprocessing: Preprocessing,
    /// Where the model comes from, free in form; the recipe is added to it.
    pub provenance: BTreeMap<String, Value>,
}

/// A trained network as a packed model: binary filters as bits and two values, batch
/// normalisation as one scale and one shift a channel, latent weights gone.
///
/// # Errors
/// [`TrainError::Engine`] if labels, preprocessing and graph do not fit each other.
pub fn pack(trained: &Trained, description: Description) -> Result<PackedModel, TrainError> {
    let graph = trained.graph();
    let mut parameters = BTreeMap::new();
    for (id, node) in graph.nodes().iter().enumerate() {
        let packed = match (&node.op, trained.effective(id), &trained.parameters().nodes()[id]) {
            (Op::Conv2d(conv), Some(Effective { weights, splits }), NodeParameters::Conv(latent)) => {
                if splits.is_empty() {
                    Packed::Float { weights: weights.clone() }
                } else {
                    let channels = graph.input_shape_of(id).channels;
                    let upper: Vec<bool> = latent
                        .chunks(conv.filter_len(channels))
                        .zip(splits)
                        .flat_map(|(filter, split)| filter.iter().map(|&weight| split.is_upper(weight)))
                        .collect();
                    let (alpha, beta) = splits.iter().map(|split| (split.alpha, split.beta)).unzip();
                    Packed::binary(conv, channels, &upper, alpha, beta)?
                }
            }
            (Op::BatchNorm { epsilon }, _, NodeParameters::Norm(norm)) => affine(norm, *epsilon),
            (Op::RPReLU, _, NodeParameters::RPReLU { threshold, slope, shift }) => {
                let [threshold, slope, shift] = [threshold, slope, shift].map(Vec::clone);
                Packed::RPReLU { threshold, slope, shift }
            }
            _ => continue,
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
    };
    model.check()?;
    Ok(model)
}

fn affine(norm: &Norm, epsilon: f32) -> Packed {
    let scale: Vec<f32> = norm
        .gamma
        .iter()
        .zip(&norm.variance)
        .map(|(gamma, variance)| gamma / (variance + epsilon).sqrt())
        .collect();
    let shift = norm.beta.iter().zip(&norm.mean).zip(&scale).map(|((beta, mean), scale)| beta - mean * scale);
    Packed::Affine { shift: shift.collect(), scale }
}

/// Settings that mean something in binary layers only.
const OF_BINARY_LAYERS: [&str; 5] =
    ["scheme", "center", "weight_gradient", "decay_binary_weights", "real_weight_epochs"];

/// The settings a network was trained with, but those that had nothing to say.
fn recipe(trained: &Trained) -> Value {
    let binary = trained.graph().convolutions().any(|(_, _, conv)| conv.precision.binary_weights());
    let mut settings = trained.config().settings();
    settings.retain(|name, value| {
        let says = !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
        says && (binary || !OF_BINARY_LAYERS.contains(&name.as_str()))
    });
    Value::Object(settings)
}

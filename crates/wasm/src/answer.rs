use serde::Serialize;

/// Result of recognizing a drawing.
#[derive(Debug, Serialize)]
pub struct RecognitionResult<'a> {
    /// The likeliest labels, the likeliest first.
    pub predictions: Vec<Prediction<'a>>,
    /// Activation counts of layers, if requested.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerActivations>,
}

/// A label and its probability.
#[derive(Debug, Serialize)]
pub struct Prediction<'a> {
    /// Index of the label.
    pub class: usize,
    /// The label.
    pub label: &'a str,
    /// Softmax probability over all labels.
    pub probability: f32,
}

/// Activation counts of the signs behind a layer.
#[derive(Debug, Serialize)]
pub struct LayerActivations {
    /// The layer's name.
    pub name: String,
    /// Positions at which each filter could be +1.
    pub positions: usize,
    /// Number of positions at which each filter was positive.
    pub fired: Vec<u32>,
}

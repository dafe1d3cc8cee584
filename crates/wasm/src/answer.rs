use serde::Serialize;

/// What a model makes of a drawing.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    /// The likeliest labels, the likeliest first.
    pub predictions: Vec<Guess<'a>>,
    /// What fired on the way, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
}

/// A label and how likely it is.
#[derive(Debug, Serialize)]
pub struct Guess<'a> {
    /// Index of the label.
    pub class: usize,
    /// The label.
    pub label: &'a str,
    /// Its share of the softmax over all labels.
    pub probability: f32,
}

/// What the signs behind a layer gave.
#[derive(Debug, Serialize)]
pub struct Layer {
    /// The layer's name.
    pub name: String,
    /// Positions at which each filter could be +1.
    pub positions: usize,
    /// At how many it was, filter by filter.
    pub fired: Vec<u32>,
}

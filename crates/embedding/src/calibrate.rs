use dabnet_engine::{Calibration, PackedModel, energy, log_softmax};

use crate::{
    EmbeddingError,
    classifier::{self, LinearClassifier},
    statistics,
};

/// Least number of drawings to calibrate with.
const LEAST_COUNT: usize = 50;
/// Share of drawings of known words that are not taken for unknown.
const SHARE: f32 = 0.95;
/// Limits of the temperature, and steps of the search between them.
const TEMPERATURES: [f64; 2] = [0.05, 20.0];
const STEPS: usize = 60;

/// A drawing that a model is calibrated with: its embedding, and the index of its label.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationExample {
    /// Embedding, as [`Session::embed`](dabnet_engine::Session::embed) gives it.
    pub embedding: Vec<f32>,
    /// Index of its label.
    pub label: usize,
}

/// Calibrates a model on drawings that it has not learned from: divides its logits by the temperature that makes its
/// probabilities likeliest (Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017), and measures from
/// which energy on a drawing is of no known word, and where embeddings lie.
///
/// Which label is the first changes for no drawing. Words that were taught are kept.
///
/// # Errors
/// [`EmbeddingError::TooFew`] for too few drawings, [`EmbeddingError::Width`] for embeddings of another model,
/// [`EmbeddingError::NoClassifier`] for networks whose last layer is no dense one.
///
/// # Panics
/// If a label is not below the number of the model's labels.
pub fn calibrate(
    packed: &PackedModel,
    examples: &[CalibrationExample],
) -> Result<PackedModel, EmbeddingError> {
    let count = examples.len();
    if count < LEAST_COUNT {
        return Err(EmbeddingError::TooFew { count, least: LEAST_COUNT });
    }
    let classifier = LinearClassifier::new(packed)?;
    let expected = classifier.width;
    if let Some(found) = examples.iter().map(|example| example.embedding.len()).find(|len| *len != expected) {
        return Err(EmbeddingError::Width { found, expected });
    }
    let logits: Vec<Vec<f32>> =
        examples.iter().map(|example| classifier.logits(&example.embedding)).collect();
    let labels: Vec<usize> = examples.iter().map(|example| example.label).collect();
    let temperature = temperature(&logits, &labels);
    let mut energies: Vec<f32> = logits
        .iter()
        .map(|logits| energy(&logits.iter().map(|logit| logit / temperature).collect::<Vec<f32>>()))
        .collect();
    energies.sort_by(f32::total_cmp);
    let before = packed.calibration.clone();
    let embeddings: Vec<f32> = examples.iter().flat_map(|example| &example.embedding).copied().collect();
    let mut embedding = statistics::measure(&embeddings, classifier.width);
    if let Some(taught) = before.as_ref().and_then(|before| before.embedding.as_ref()) {
        embedding.taught.clone_from(&taught.taught);
    }
    let mut calibrated = packed.clone();
    classifier::divide(&mut calibrated, temperature)?;
    calibrated.calibration = Some(Calibration {
        temperature: temperature * before.map_or(1.0, |before| before.temperature),
        least_energy: energies[((1.0 - SHARE) * count as f32) as usize],
        share: SHARE,
        count,
        embedding: Some(embedding),
    });
    calibrated.check()?;
    Ok(calibrated)
}

/// The temperature with the least mean cross entropy, by golden-section search for its logarithm, in which that has a
/// single minimum.
fn temperature(logits: &[Vec<f32>], labels: &[usize]) -> f32 {
    let loss = |log_temperature: f64| -> f64 {
        let temperature = log_temperature.exp();
        let rows = logits.iter().zip(labels);
        rows.map(|(row, label)| -log_softmax(row, temperature).nth(*label).expect("a label of the model"))
            .sum()
    };
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let [mut low, mut high] = TEMPERATURES.map(f64::ln);
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut left_loss, mut right_loss) = (loss(left), loss(right));
    for _ in 0..STEPS {
        if left_loss <= right_loss {
            (high, right, right_loss) = (right, left, left_loss);
            left = high - golden * (high - low);
            left_loss = loss(left);
        } else {
            (low, left, left_loss) = (left, right, right_loss);
            right = low + golden * (high - low);
            right_loss = loss(right);
        }
    }
    ((low + high) / 2.0).exp() as f32
}

use dabnet_engine::{EngineError, Model, PackedModel, Session, top};
use dabnet_sketch::{Drawing, Preprocess, Stroke};
use serde::Serialize;
use std::mem;

use crate::{ModelDescription, teach::taught};

/// A model with its input and output buffers. Calls return true on success; otherwise the output is an error
/// message.
#[derive(Debug, Default)]
pub struct ModelInstance {
    input: Vec<u8>,
    output: Vec<u8>,
    loaded: Option<LoadedModel>,
}

#[derive(Debug)]
struct LoadedModel {
    model: Model,
    session: Session,
    description: ModelDescription,
    /// The model as it was read, if it can be taught words.
    file: Option<PackedModel>,
    /// Canvas of the last drawing, one byte per pixel.
    ink: Vec<u8>,
}

impl ModelInstance {
    /// Resizes the input buffer.
    pub fn input(&mut self, bytes: usize) -> &mut [u8] {
        self.input.clear();
        self.input.resize(bytes, 0);
        &mut self.input
    }

    /// Output of the last call.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Takes the input as a model file; its [`ModelDescription`] is the output.
    pub fn load(&mut self) -> bool {
        let loaded = LoadedModel::new(&self.input);
        self.input = Vec::new();
        let loaded = loaded.map(|loaded| json(&self.loaded.insert(loaded).description));
        self.give(loaded.map_err(|error| error.to_string()))
    }

    /// Takes the input as [strokes](crate::strokes); an [`RecognitionResult`] is the output.
    pub fn recognize(&mut self, top: usize, look: bool) -> bool {
        let strokes = strokes(&self.input);
        self.run(|loaded| {
            loaded
                .recognize(strokes, top, look)
                .map(|result| json(&result))
                .map_err(|error| error.to_string())
        })
    }

    /// The ink that was seen last is the output.
    pub fn ink(&mut self) -> bool {
        self.run(|loaded| Ok(loaded.ink.clone()))
    }

    /// Takes the input as [strokes]; the output is their embedding in little-endian floats.
    pub fn embed(&mut self) -> bool {
        let strokes = strokes(&self.input);
        self.run(|loaded| {
            let canvas = loaded.model.preprocessing().apply(&Drawing::Strokes(strokes));
            loaded.session.embed(&canvas).map(little_endian).map_err(|error| error.to_string())
        })
    }

    /// Takes the input as [strokes]; the output is their embedding by one bit a value
    /// ([`bits`](dabnet_engine::EmbeddingStatistics::bits)).
    pub fn embed_bits(&mut self) -> bool {
        let strokes = strokes(&self.input);
        self.run(|loaded| {
            let canvas = loaded.model.preprocessing().apply(&Drawing::Strokes(strokes));
            let embedding = loaded.session.embed(&canvas).map_err(|error| error.to_string())?;
            let statistics = loaded.model.embedding_statistics();
            let statistics =
                statistics.ok_or("this model was not calibrated, and has no medians of its embeddings")?;
            Ok(statistics.bits(embedding))
        })
    }

    /// Takes the input as words that the model is to know beside those of its file, and no others; its
    /// [`ModelDescription`] is the output.
    pub fn teach(&mut self) -> bool {
        let input = mem::take(&mut self.input);
        self.run(|loaded| {
            loaded.teach(&input)?;
            Ok(json(&loaded.description))
        })
    }

    /// Runs the input as a canvas of little-endian floats; the output is its logits.
    pub fn logits(&mut self) -> bool {
        let canvas: Vec<f32> =
            self.input.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        self.run(|loaded| loaded.session.run(&canvas).map(little_endian).map_err(|error| error.to_string()))
    }

    fn run(&mut self, call: impl FnOnce(&mut LoadedModel) -> Result<Vec<u8>, String>) -> bool {
        let result = match &mut self.loaded {
            Some(loaded) => call(loaded),
            None => Err("no model is loaded".to_owned()),
        };
        self.give(result)
    }

    fn give(&mut self, result: Result<Vec<u8>, String>) -> bool {
        let is_ok = result.is_ok();
        self.output = result.unwrap_or_else(String::into_bytes);
        is_ok
    }
}

impl LoadedModel {
    fn new(bytes: &[u8]) -> Result<Self, EngineError> {
        let packed = PackedModel::from_bytes(bytes)?;
        let description = ModelDescription::new(&packed, bytes.len());
        let file = packed.calibration.is_some().then(|| packed.clone());
        let model = Model::new(packed)?;
        Ok(Self { session: Session::new(&model), model, description, file, ink: Vec::new() })
    }

    /// Makes the model know these words beside those of its file.
    fn teach(&mut self, words: &[u8]) -> Result<(), String> {
        let file = self.file.as_ref().ok_or("this model was not calibrated, and can be taught no words")?;
        let taught = taught(file, words)?;
        let description = ModelDescription::new(&taught, self.description.bytes);
        let model = Model::new(taught.into_owned()).map_err(|error| error.to_string())?;
        (self.session, self.model, self.description) = (Session::new(&model), model, description);
        Ok(())
    }

    fn recognize(
        &mut self,
        strokes: Vec<dabnet_sketch::Stroke>,
        count: usize,
        look: bool,
    ) -> Result<RecognitionResult<'_>, EngineError> {
        let preprocessing = self.model.preprocessing();
        let planes = preprocessing.planes(&Drawing::Strokes(strokes));
        let values = preprocessing.normalized(&planes);
        self.ink = planes;
        self.ink.truncate(preprocessing.canvas.side * preprocessing.canvas.side);
        let mut layers = Vec::new();
        let logits = if look {
            self.session.run_with_activations(&values, |name, fired| {
                layers.push(LayerActivations {
                    name: name.to_owned(),
                    positions: fired.positions,
                    fired: fired.counts.clone(),
                });
            })?
        } else {
            self.session.run(&values)?
        };
        let unknown = self.model.calibration().map(|calibration| calibration.is_unknown(logits));
        let predictions = top(logits, count).into_iter().map(|guess| Prediction {
            class: guess.class,
            label: &self.model.labels()[guess.class],
            probability: guess.probability,
        });
        Ok(RecognitionResult { predictions: predictions.collect(), unknown, layers })
    }
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("names and numbers can be written")
}

/// Result of recognizing a drawing.
#[derive(Debug, Serialize)]
pub struct RecognitionResult<'a> {
    /// The likeliest labels, the likeliest first.
    pub predictions: Vec<Prediction<'a>>,
    /// True if the drawing is like none that the model knows a word for; none where it was not calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<bool>,
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

/// Strokes from pairs of little-endian 32-bit floats, x before y; a pair whose x is NaN ends a stroke.
pub fn strokes(bytes: &[u8]) -> Vec<Stroke> {
    let numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let points = numbers.as_chunks::<2>().0;
    let runs = points.split(|point| point[0].is_nan()).filter(|run| !run.is_empty());
    runs.map(|run| Stroke::new(run.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_end_where_x_is_no_number() {
        let numbers = [1.0, 2.0, 3.0, 4.0, f32::NAN, 0.0, f32::NAN, 0.0, 5.0, 6.0, 7.0];
        let bytes: Vec<u8> = numbers.iter().flat_map(|number: &f32| number.to_le_bytes()).collect();
        let expected = [Stroke::new(vec![[1.0, 2.0], [3.0, 4.0]]), Stroke::new(vec![[5.0, 6.0]])];
        assert_eq!(strokes(&bytes), expected);
        assert!(strokes(&[]).is_empty());
    }
}

use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, iter};

use dabnet_container::Tensor;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::schema::key;
use crate::{EngineError, energy};

/// Measurements of a model on drawings that it has not learned from: how sure it is, and where embeddings lie.
///
/// They make its probabilities mean what they say, let it answer "none of these", and let words be added without what it
/// was trained on. Logits have been divided by `temperature` already.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Temperature that the last layer has been divided by: above 1 where the network was too sure.
    pub temperature: f32,
    /// Least [energy](crate::energy) of the logits of a drawing of a known word; `share` of such drawings have more.
    pub least_energy: f32,
    /// Share of drawings of known words with more than `least_energy`.
    pub share: f32,
    /// Number of drawings that all this was measured on.
    pub count: usize,
    /// Statistics of embeddings; none for networks without.
    pub embedding: Option<EmbeddingStatistics>,
}

/// Statistics of a model's embeddings of drawings, `width` values each.
///
/// An embedding is taken to be normal: around `mean`, with a standard deviation along each of a few `directions`, and
/// `deviation` beside those.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingStatistics {
    /// Mean, `[width]`.
    pub mean: Vec<f32>,
    /// Median, `[width]`: the threshold of each value's bit.
    pub median: Vec<f32>,
    /// Standard deviation of what is left beside the directions, `[width]`.
    pub deviation: Vec<f32>,
    /// Principal directions, each as long as the standard deviation along it, `[count, width]`, as integers.
    pub directions: Vec<i8>,
    /// Scale of each direction's integers, `[count]`.
    pub direction_scale: Vec<f32>,
    /// Mean embedding of each word that was taught later, by label.
    pub taught: BTreeMap<String, Vec<f32>>,
}

/// Metadata entry `calibration`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'a> {
    temperature: f32,
    least_energy: f32,
    share: f32,
    count: usize,
    /// Labels of the rows of tensor `taught`.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    taught: Cow<'a, [String]>,
}

const MEAN: &str = "calibration.mean";
const MEDIAN: &str = "calibration.median";
const DEVIATION: &str = "calibration.deviation";
const DIRECTIONS: &str = "calibration.directions";
const DIRECTION_SCALE: &str = "calibration.direction_scale";
const TAUGHT: &str = "calibration.taught";

/// The most principal directions, and the most words taught.
const MAX_ROWS: usize = 1 << 16;

impl Calibration {
    /// True if a drawing with these logits is like none of those that the model knows words for.
    pub fn is_unknown(&self, logits: &[f32]) -> bool {
        energy(logits) < self.least_energy
    }

    /// Words that the model was taught, in the order of the alphabet.
    pub fn taught(&self) -> impl Iterator<Item = &str> {
        self.embedding.iter().flat_map(|statistics| statistics.taught.keys()).map(String::as_str)
    }

    /// Names of its tensors.
    pub(super) fn tensor_names(&self) -> impl Iterator<Item = &'static str> {
        self.embedding.iter().flat_map(|statistics| {
            let taught = (!statistics.taught.is_empty()).then_some(TAUGHT);
            [MEAN, MEDIAN, DEVIATION, DIRECTIONS, DIRECTION_SCALE].into_iter().chain(taught)
        })
    }

    /// Metadata entry.
    pub(super) fn record(&self) -> Result<String, EngineError> {
        let labels: Vec<String> =
            self.embedding.iter().flat_map(|statistics| statistics.taught.keys().cloned()).collect();
        let record = Record {
            temperature: self.temperature,
            least_energy: self.least_energy,
            share: self.share,
            count: self.count,
            taught: labels.into(),
        };
        serde_json::to_string(&record)
            .map_err(|error| EngineError::field(key::CALIBRATION, error.to_string()))
    }

    /// Reads the metadata entry and the tensors of a file.
    pub(super) fn read(record: &str, tensors: &SafeTensors<'_>) -> Result<Self, EngineError> {
        let record: Record<'_> = serde_json::from_str(record)
            .map_err(|error| EngineError::field(key::CALIBRATION, error.to_string()))?;
        let Record { temperature, least_energy, share, count, taught } = record;
        let embedding = match tensors.tensor(MEAN) {
            Ok(mean) => Some(EmbeddingStatistics::read(&mean, &taught, tensors)?),
            Err(_) if taught.is_empty() => None,
            Err(_) => return Err(missing(MEAN)),
        };
        Ok(Self { temperature, least_energy, share, count, embedding })
    }

    /// Checks all numbers, and the lengths against the `width` of the network's embedding.
    pub(super) fn check(&self, width: usize) -> Result<(), EngineError> {
        let fail = |reason: &str| Err(EngineError::field(key::CALIBRATION, reason));
        if !(self.temperature.is_finite() && self.temperature > 0.0) {
            return fail("its temperature is not a number above 0");
        }
        if !self.least_energy.is_finite() {
            return fail("its least_energy is not a finite number");
        }
        if !(0.0..=1.0).contains(&self.share) {
            return fail("its share is not between 0 and 1");
        }
        self.embedding.as_ref().map_or(Ok(()), |statistics| statistics.check(width))
    }
}

impl EmbeddingStatistics {
    /// Number of values of an embedding.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// One bit a value of an embedding, 1 above the median: bit `i % 8`, counted from the least significant, of byte
    /// `i / 8`.
    ///
    /// # Panics
    /// If it is not of this width.
    pub fn bits(&self, embedding: &[f32]) -> Vec<u8> {
        assert_eq!(embedding.len(), self.width(), "an embedding of this model");
        let mut bits = vec![0; embedding.len().div_ceil(8)];
        for (at, _) in
            embedding.iter().zip(&self.median).enumerate().filter(|(_, (value, median))| value > median)
        {
            bits[at / 8] |= 1 << (at % 8);
        }
        bits
    }

    fn read(
        mean: &TensorView<'_>,
        labels: &[String],
        tensors: &SafeTensors<'_>,
    ) -> Result<Self, EngineError> {
        let width = mean.shape().iter().product();
        let directions = tensors.tensor(DIRECTIONS).map_err(|_| missing(DIRECTIONS))?;
        let count = directions.shape().first().copied().unwrap_or(0);
        let integers = data(tensors, DIRECTIONS, Dtype::I8, &[count, width])?;
        let taught = match labels.len() {
            0 => Vec::new(),
            words => floats(tensors, TAUGHT, &[words, width])?,
        };
        let rows = taught.chunks(width.max(1)).map(<[f32]>::to_vec);
        let statistics = Self {
            mean: floats(tensors, MEAN, &[width])?,
            median: floats(tensors, MEDIAN, &[width])?,
            deviation: floats(tensors, DEVIATION, &[width])?,
            directions: integers.iter().map(|byte| byte.cast_signed()).collect(),
            direction_scale: floats(tensors, DIRECTION_SCALE, &[count])?,
            taught: labels.iter().cloned().zip(rows).collect(),
        };
        if statistics.taught.len() != labels.len() {
            return Err(EngineError::field(key::CALIBRATION, "a taught word is there twice"));
        }
        Ok(statistics)
    }

    /// Tensors of the file.
    pub(super) fn tensors(&self) -> Vec<Tensor<'_>> {
        let (width, count) = (self.width(), self.direction_scale.len());
        let floats = |name: &str, shape: Vec<usize>, values: &mut dyn Iterator<Item = &f32>| Tensor {
            name: name.to_owned(),
            dtype: Dtype::F32,
            shape,
            data: values.flat_map(|value| value.to_le_bytes()).collect(),
        };
        let integers = self.directions.iter().map(|integer| integer.cast_unsigned()).collect();
        let directions = Tensor {
            name: DIRECTIONS.to_owned(),
            dtype: Dtype::I8,
            shape: vec![count, width],
            data: integers,
        };
        let taught = (!self.taught.is_empty())
            .then(|| floats(TAUGHT, vec![self.taught.len(), width], &mut self.taught.values().flatten()));
        [
            floats(MEAN, vec![width], &mut self.mean.iter()),
            floats(MEDIAN, vec![width], &mut self.median.iter()),
            floats(DEVIATION, vec![width], &mut self.deviation.iter()),
            floats(DIRECTION_SCALE, vec![count], &mut self.direction_scale.iter()),
            directions,
        ]
        .into_iter()
        .chain(taught)
        .collect()
    }

    fn check(&self, width: usize) -> Result<(), EngineError> {
        if width == 0 {
            return Err(EngineError::field(MEAN, "this network has no embedding; remove it"));
        }
        let count = self.direction_scale.len();
        if count.max(self.taught.len()) > MAX_ROWS {
            return Err(EngineError::field(DIRECTIONS, format!("has more rows than {MAX_ROWS}")));
        }
        check_length(DIRECTIONS, self.directions.len(), count * width)?;
        let fields = [(MEAN, &self.mean), (MEDIAN, &self.median), (DEVIATION, &self.deviation)];
        let rows = fields.into_iter().chain(iter::repeat(TAUGHT).zip(self.taught.values()));
        for (name, values) in rows {
            check_length(name, values.len(), width)?;
            check_finite(name, values)?;
        }
        check_finite(DIRECTION_SCALE, &self.direction_scale)
    }
}

fn check_length(name: &str, found: usize, needed: usize) -> Result<(), EngineError> {
    if found == needed {
        return Ok(());
    }
    Err(EngineError::field(name, format!("has {found} elements, the network's embedding makes it {needed}")))
}

fn check_finite(name: &str, values: &[f32]) -> Result<(), EngineError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(EngineError::field(name, format!("element {at} is not a finite number"))),
        None => Ok(()),
    }
}

fn missing(name: &str) -> EngineError {
    EngineError::field(name, "the tensor is missing; calibrate the model again")
}

fn data<'a>(
    tensors: &SafeTensors<'a>,
    name: &str,
    dtype: Dtype,
    shape: &[usize],
) -> Result<&'a [u8], EngineError> {
    let view = tensors.tensor(name).map_err(|_| missing(name))?;
    if (view.dtype(), view.shape()) == (dtype, shape) {
        return Ok(view.data());
    }
    let reason = format!("is {} {:?}, it must be {dtype} {shape:?}", view.dtype(), view.shape());
    Err(EngineError::field(name, reason))
}

fn floats(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, EngineError> {
    let (values, _) = data(tensors, name, Dtype::F32, shape)?.as_chunks();
    Ok(values.iter().map(|value| f32::from_le_bytes(*value)).collect())
}

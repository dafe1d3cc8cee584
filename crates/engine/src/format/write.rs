use std::{borrow::Cow, collections::BTreeMap, path::Path};

use dabnet_container::{Tensor, replace_file, to_bytes};
use serde::Serialize;

use super::{
    calibration::{Calibration, EmbeddingStatistics},
    checksum::checksum,
    packed::PackedModel,
    parameters::NodeParameters,
    schema::{FORMAT, dtype, expected, key, version},
};
use crate::error::EngineError;

impl PackedModel {
    /// Serializes the model to the bytes of its file; equal models give equal bytes.
    ///
    /// # Errors
    /// [`EngineError::Field`] if the model is not [valid](Self::check).
    pub fn to_bytes(&self) -> Result<Vec<u8>, EngineError> {
        self.check()?;
        let tensors = self.tensors()?;
        let (graph, labels) = (json(key::GRAPH, &self.graph)?, json(key::LABELS, &self.labels)?);
        let (preprocessing, provenance) =
            (json(key::PREPROCESSING, &self.preprocessing)?, json(key::PROVENANCE, &self.provenance)?);
        let calibration = self.calibration.as_ref().map(Calibration::record).transpose()?;
        let mut metadata = BTreeMap::from([
            (key::FORMAT, FORMAT),
            (key::GRAPH, graph.as_str()),
            (key::LABELS, &labels),
            (key::PREPROCESSING, &preprocessing),
            (key::PROVENANCE, &provenance),
            (key::VERSION, version(&self.graph, calibration.is_some())),
        ]);
        metadata.extend(calibration.as_deref().map(|record| (key::CALIBRATION, record)));
        let views = tensors
            .iter()
            .map(|tensor| (tensor.name.as_str(), (tensor.dtype, &tensor.shape[..], &tensor.data[..])));
        let checksum = checksum(&metadata, &views.collect());
        metadata.insert(key::CHECKSUM, &checksum);
        to_bytes(&metadata, tensors).map_err(|error| EngineError::field("header", error.to_string()))
    }

    /// Saves the model to `path` atomically, by renaming a temporary file in the same folder.
    ///
    /// # Errors
    /// [`EngineError::Field`] if the model is not [valid](Self::check), [`EngineError::Write`] if it cannot
    /// be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), EngineError> {
        let path = path.as_ref();
        let bytes = self.to_bytes()?;
        replace_file(path, &bytes).map_err(|error| EngineError::Write { path: path.to_owned(), error })
    }

    /// Returns all tensors of the file.
    fn tensors(&self) -> Result<Vec<Tensor<'_>>, EngineError> {
        let mut tensors = Vec::new();
        for (node, expected) in expected(&self.graph) {
            let parameters = self.parameters(node)?;
            for tensor in expected {
                let (name, dtype) = (format!("{node}.{}", tensor.name), dtype(&tensor));
                let data = data(parameters, tensor.name);
                tensors.push(Tensor { name, dtype, shape: tensor.shape, data });
            }
        }
        let statistics = self.calibration.iter().flat_map(|calibration| &calibration.embedding);
        tensors.extend(statistics.flat_map(EmbeddingStatistics::tensors));
        Ok(tensors)
    }
}

/// Bytes of one tensor of a node with valid parameters.
fn data<'a>(parameters: &'a NodeParameters, name: &str) -> Cow<'a, [u8]> {
    if let Some(integers) = parameters.integers(name) {
        return integers.iter().map(|integer| integer.cast_unsigned()).collect();
    }
    match parameters.bits(name) {
        Some(bits) => bits.into(),
        None => parameters.floats(name).unwrap_or_default().iter().flat_map(|it| it.to_le_bytes()).collect(),
    }
}

fn json(field: &str, value: &impl Serialize) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|error| EngineError::field(field, error.to_string()))
}

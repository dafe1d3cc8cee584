use dabnet_graph::{Graph, PackedContent, PackedTensor};
use safetensors::{SafeTensors, tensor::TensorView};
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::Read,
    path::Path,
};

use super::{
    calibration::Calibration,
    checksum::checksum,
    packed::PackedModel,
    parameters::NodeParameters,
    schema::{FILE_NAME, FORMAT, OLD_VERSION, VERSIONS, dtype, expected, key, version},
};
use crate::error::EngineError;

/// Largest file read, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// Format of files of binarized weights (`dabnet-weights`).
const BINARIZED: &str = "dabnet-weights";

/// Largest header parsed, in bytes; even the largest graphs need a small part of it.
const MAX_HEADER: u64 = 16 << 20;

impl PackedModel {
    /// Parses a model from the bytes of its file.
    ///
    /// # Errors
    /// [`EngineError`] naming the first invalid field.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EngineError> {
        check_sizes(bytes)?;
        let container = |error: safetensors::SafeTensorError| EngineError::Container(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(container)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(container)?;
        let metadata = FileMetadata::new(header.metadata())?;
        metadata.check_checksum(&tensors)?;
        let graph: Graph = metadata.json(key::GRAPH)?;
        metadata.check_formats(&graph)?;
        let calibration = metadata.0.get(key::CALIBRATION);
        let calibration = calibration.map(|record| Calibration::read(record, &tensors)).transpose()?;
        let model = Self {
            labels: metadata.json(key::LABELS)?,
            preprocessing: metadata.json(key::PREPROCESSING)?,
            provenance: metadata.json(key::PROVENANCE)?,
            parameters: read_parameters(&graph, &tensors, calibration.as_ref())?,
            calibration,
            graph,
        };
        model.check()?;
        Ok(model)
    }

    /// Loads a model from its file, or from a folder that contains `model.safetensors`.
    ///
    /// # Errors
    /// [`EngineError::Read`] if it cannot be read, [`EngineError::File`] if it is not valid.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, EngineError> {
        let mut path = path.as_ref().to_owned();
        if path.is_dir() {
            path.push(FILE_NAME);
        }
        let mut bytes = Vec::new();
        // One byte more than the limit lets `from_bytes` see that it is exceeded.
        File::open(&path)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
            .map_err(|error| EngineError::Read { path: path.clone(), error })?;
        Self::from_bytes(&bytes).map_err(|error| EngineError::File { path, error: Box::new(error) })
    }
}

/// Rejects sizes beyond the limits before anything is parsed.
fn check_sizes(bytes: &[u8]) -> Result<(), EngineError> {
    let too_large = |what, bytes, limit| Err(EngineError::TooLarge { what, bytes, limit });
    let size = bytes.len() as u64;
    if size > MAX_FILE {
        return too_large("the model file", size, MAX_FILE);
    }
    match bytes.first_chunk().map(|length| u64::from_le_bytes(*length)) {
        Some(header) if header > MAX_HEADER && header <= size => {
            too_large("the model file's header", header, MAX_HEADER)
        }
        _ => Ok(()),
    }
}

/// Metadata entries of a model file; unknown entries are an error.
struct FileMetadata<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> FileMetadata<'a> {
    fn new(entries: &'a Option<HashMap<String, String>>) -> Result<Self, EngineError> {
        let entries: BTreeMap<_, _> =
            entries.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let metadata = Self(entries);
        metadata.expect_value(key::FORMAT, FORMAT)?;
        metadata.check_version()?;
        match metadata.0.keys().find(|name| !key::ALL.contains(name)) {
            Some(name) => Err(EngineError::field(*name, "is no metadata entry of this format; remove it")),
            None => Ok(metadata),
        }
    }

    fn get(&self, field: &'static str) -> Result<&'a str, EngineError> {
        let missing =
            || EngineError::field(field, "is missing from the metadata; give a model that dabnet packed");
        self.0.get(field).copied().ok_or_else(missing)
    }

    fn expect_value(&self, field: &'static str, expected: &str) -> Result<(), EngineError> {
        let found = self.get(field)?;
        if found == expected {
            return Ok(());
        }
        if found == BINARIZED {
            let reason =
                "is that of weights which dabnet binarize wrote, without the network that they are of";
            return Err(EngineError::field(field, reason));
        }
        Err(unexpected(field, found, expected))
    }

    fn check_version(&self) -> Result<(), EngineError> {
        match self.get(key::VERSION)? {
            found if VERSIONS.contains(&found) => Ok(()),
            found @ OLD_VERSION => Err(EngineError::field(
                key::VERSION,
                format!(
                    "is '{found}', of a dabnet that drew lines in another way; train this model anew for '{}'",
                    VERSIONS[2]
                ),
            )),
            found => {
                let reason = format!(
                    "is '{found}', of which this dabnet knows nothing: it reads '{}'; update it, or pack the model anew",
                    VERSIONS.join("', '")
                );
                Err(EngineError::field(key::VERSION, reason))
            }
        }
    }

    /// Checks that the file's version supports the weight formats of `graph`, and a calibration if there is one.
    fn check_formats(&self, graph: &Graph) -> Result<(), EngineError> {
        let is_calibrated = self.0.contains_key(key::CALIBRATION);
        let (found, needed) = (self.get(key::VERSION)?, version(graph, is_calibrated));
        if found >= needed {
            return Ok(());
        }
        let part = if is_calibrated { "a calibration" } else { "weights in eight bits" };
        let reason = format!("is '{found}', but {part}, which the file has, came with '{needed}'");
        Err(EngineError::field(key::VERSION, reason))
    }

    fn json<T: DeserializeOwned>(&self, field: &'static str) -> Result<T, EngineError> {
        serde_json::from_str(self.get(field)?).map_err(|error| EngineError::field(field, error.to_string()))
    }

    fn check_checksum(&self, tensors: &SafeTensors<'_>) -> Result<(), EngineError> {
        let views = tensors.tensors();
        let content =
            views.iter().map(|(name, view)| (name.as_str(), (view.dtype(), view.shape(), view.data())));
        let (stored, computed) = (self.get(key::CHECKSUM)?, checksum(&self.0, &content.collect()));
        if stored == computed {
            return Ok(());
        }
        Err(EngineError::Checksum { stored: stored.to_owned(), computed })
    }
}

fn unexpected(field: &str, found: &str, expected: &str) -> EngineError {
    EngineError::field(field, format!("is '{found}', this version of dabnet reads '{expected}'"))
}

fn read_parameters(
    graph: &Graph,
    tensors: &SafeTensors<'_>,
    calibration: Option<&Calibration>,
) -> Result<BTreeMap<String, NodeParameters>, EngineError> {
    let mut parameters = BTreeMap::new();
    let mut known = HashSet::new();
    for (name, expected) in expected(graph) {
        parameters.insert(name.to_owned(), node_parameters(name, &expected, tensors)?);
        known.extend(expected.iter().map(|tensor| format!("{name}.{}", tensor.name)));
    }
    known.extend(calibration.iter().flat_map(|calibration| calibration.tensor_names()).map(str::to_owned));
    let is_strange = |name: &&str| !known.contains(*name);
    match tensors.names().into_iter().filter(is_strange).min() {
        None => Ok(parameters),
        Some(name) => Err(EngineError::field(name, "no node of the graph has this tensor; remove it")),
    }
}

/// Reads the parameters of node `name`.
fn node_parameters(
    name: &str,
    expected: &[PackedTensor],
    tensors: &SafeTensors<'_>,
) -> Result<NodeParameters, EngineError> {
    let (mut bits, mut integers, mut floats) = (None, None, BTreeMap::new());
    for tensor in expected {
        let data = view(tensors, name, tensor)?.data();
        match tensor.content {
            PackedContent::Bits { .. } => bits = Some(data.to_vec()),
            PackedContent::Integers => integers = Some(data.iter().map(|byte| byte.cast_signed()).collect()),
            PackedContent::Floats { .. } | PackedContent::Scales { .. } => {
                let (values, _) = data.as_chunks();
                let values = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
                floats.insert(tensor.name, values);
            }
        }
    }
    Ok(NodeParameters::from_tensors(bits, integers, floats))
}

/// Returns a tensor of node `name`, checked for type and shape.
fn view<'a>(
    tensors: &SafeTensors<'a>,
    name: &str,
    expected: &PackedTensor,
) -> Result<TensorView<'a>, EngineError> {
    let field = format!("{name}.{}", expected.name);
    let Ok(view) = tensors.tensor(&field) else {
        return Err(EngineError::field(field, "the tensor is missing; pack the model again"));
    };
    let (dtype, shape) = (dtype(expected), &expected.shape[..]);
    if (view.dtype(), view.shape()) == (dtype, shape) {
        return Ok(view);
    }
    let reason = format!("is {} {:?}, the graph needs {dtype} {shape:?}", view.dtype(), view.shape());
    Err(EngineError::field(field, reason))
}

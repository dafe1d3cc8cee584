use safetensors::Dtype;
use serde::{Serialize, Serializer};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

use super::{
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
        let mut metadata = BTreeMap::from([
            (key::FORMAT, FORMAT),
            (key::GRAPH, graph.as_str()),
            (key::LABELS, &labels),
            (key::PREPROCESSING, &preprocessing),
            (key::PROVENANCE, &provenance),
            (key::VERSION, version(&self.graph)),
        ]);
        let views = tensors
            .iter()
            .map(|tensor| (tensor.name.as_str(), (tensor.dtype, &tensor.shape[..], &tensor.data[..])));
        let checksum = checksum(&metadata, &views.collect());
        metadata.insert(key::CHECKSUM, &checksum);
        container(&metadata, &tensors)
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

    /// Returns all tensors in file order: by descending element size, so that each is aligned, then by name.
    fn tensors(&self) -> Result<Vec<TensorBytes<'_>>, EngineError> {
        let mut tensors = Vec::new();
        for (node, expected) in expected(&self.graph) {
            let parameters = self.parameters(node)?;
            for tensor in expected {
                let (name, dtype) = (format!("{node}.{}", tensor.name), dtype(&tensor));
                let data = data(parameters, tensor.name);
                tensors.push(TensorBytes { name, dtype, shape: tensor.shape, data });
            }
        }
        tensors.sort_by(|a, b| b.dtype.bitsize().cmp(&a.dtype.bitsize()).then_with(|| a.name.cmp(&b.name)));
        Ok(tensors)
    }
}

struct TensorBytes<'a> {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    data: Cow<'a, [u8]>,
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

/// Serializes a safetensors file. The safetensors crate keeps metadata in a hash map, and would write the
/// same model in a different order every time.
fn container(metadata: &BTreeMap<&str, &str>, tensors: &[TensorBytes<'_>]) -> Result<Vec<u8>, EngineError> {
    let mut header = json("header", &ContainerHeader { metadata, tensors })?.into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let data: usize = tensors.iter().map(|tensor| tensor.data.len()).sum();
    let mut bytes = Vec::with_capacity(8 + header.len() + data);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    tensors.iter().for_each(|tensor| bytes.extend_from_slice(&tensor.data));
    Ok(bytes)
}

struct ContainerHeader<'a> {
    metadata: &'a BTreeMap<&'a str, &'a str>,
    tensors: &'a [TensorBytes<'a>],
}

#[derive(Serialize)]
#[serde(untagged)]
enum HeaderEntry<'a> {
    Metadata(&'a BTreeMap<&'a str, &'a str>),
    Tensor { dtype: Dtype, shape: &'a [usize], data_offsets: [usize; 2] },
}

impl Serialize for ContainerHeader<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut end = 0;
        let tensors = self.tensors.iter().map(|TensorBytes { name, dtype, shape, data }| {
            let start = end;
            end += data.len();
            (name.as_str(), HeaderEntry::Tensor { dtype: *dtype, shape, data_offsets: [start, end] })
        });
        let metadata = ("__metadata__", HeaderEntry::Metadata(self.metadata));
        serializer.collect_map(std::iter::once(metadata).chain(tensors))
    }
}

/// Replaces the content of a file atomically: after an interruption it has either the old content or the new.
/// The folder must exist.
///
/// # Errors
/// The error of the file system; the old content is kept.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link's target is replaced, not the link; devices and pipes are refused.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if path.exists() && !path.is_file() {
        return Err(io::Error::other("it is there and no regular file"));
    }
    let temporary = temporary_beside(path)?;
    let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(path)
}

/// Temporary path in the same folder, since a rename is atomic only within one file system.
fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path does not name a file"))?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    // WebAssembly has no processes, and asking for one's number panics.
    let process = if cfg!(target_family = "wasm") { 0 } else { process::id() };
    temporary.push(format!(".{process}.tmp"));
    Ok(path.with_file_name(temporary))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Syncs the folder, without which the new name is not durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => fs::File::open(folder)?.sync_all(),
        _ => fs::File::open(".")?.sync_all(),
    }
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

//! An ONNX file and the files beside it that hold its tensors.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use prost::bytes::Bytes;

use crate::import::{
    ImportError,
    constant::ConstantTensor,
    error::one_line,
    messages::{
        self, BoundedMessage, GraphMessage, ModelMessage, OperatorSetMessage, StringEntryMessage,
        TensorMessage, ValueInfoMessage,
    },
};

/// The largest file that is read.
const MAX_FILE: u64 = 1 << 29;

/// Newest opset version known to change no op that is imported here (ONNX 1.23).
const NEWEST_OPSET: i64 = 28;

/// The graph of an ONNX file.
pub(crate) struct OnnxFile {
    path: PathBuf,
    pub graph: GraphMessage,
    /// Name of the producer.
    pub producer: String,
    /// Entries of the metadata, by key.
    pub metadata: HashMap<String, String>,
    /// Opset version.
    pub opset: i64,
    pub inputs: Vec<ValueInfoMessage>,
    pub outputs: Vec<ValueInfoMessage>,
    initializers: HashMap<String, Bytes>,
}

impl OnnxFile {
    /// Element type of an initializer, as ONNX numbers it.
    pub(crate) fn initializer_type(&self, name: &str) -> Option<i32> {
        Some(messages::read::<TensorMessage>(self.initializers.get(name)?).ok()?.data_type)
    }

    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let bytes = read_file(path).map_err(|source| ImportError::Read { path: path.into(), source })?;
        Self::parse(path, bytes.into())
    }

    /// Parses an ONNX file; other files are looked up beside `path`.
    pub(crate) fn parse(path: &Path, bytes: Bytes) -> Result<Self, ImportError> {
        let damaged = |reason: String| ImportError::Damaged { path: path.into(), reason: one_line(&reason) };
        if bytes.starts_with(b"PK\x03\x04") {
            let reason =
                "it is a zip archive, as PyTorch's own files are: export the network with torch.onnx.export";
            return Err(damaged(reason.into()));
        }
        let model: ModelMessage = messages::read(&bytes).map_err(damaged)?;
        let graph = model.graph.filter(|graph| !graph.is_empty());
        let graph = graph.ok_or_else(|| damaged("it has no graph".into()))?;
        let graph: GraphMessage = messages::read(&graph).map_err(damaged)?;
        let mut initializers = HashMap::new();
        for bytes in &graph.initializers {
            let name = messages::read::<TensorMessage>(bytes).map_err(damaged)?.name;
            if initializers.insert(name.clone(), bytes.clone()).is_some() {
                return Err(damaged(format!("it has two tensors called '{name}'")));
            }
        }
        let sets: Vec<OperatorSetMessage> = all(&model.operator_sets).map_err(damaged)?;
        let entries: Vec<StringEntryMessage> = all(&model.metadata).map_err(damaged)?;
        let opset = sets.iter().find(|set| ["", "ai.onnx"].contains(&&set.domain[..]));
        let opset = opset.map_or(1, |set| set.version);
        if !(1..=NEWEST_OPSET).contains(&opset) {
            return Err(damaged(format!("its ops are of opset {opset}, known are 1 to {NEWEST_OPSET}")));
        }
        Ok(Self {
            path: path.into(),
            inputs: all(&graph.inputs).map_err(damaged)?,
            outputs: all(&graph.outputs).map_err(damaged)?,
            metadata: entries.into_iter().map(|entry| (entry.key, entry.value)).collect(),
            producer: [model.producer, model.producer_version].join(" ").trim().to_owned(),
            opset,
            graph,
            initializers,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn damaged(&self, reason: impl Into<String>) -> ImportError {
        ImportError::Damaged { path: self.path.clone(), reason: one_line(&reason.into()) }
    }

    pub(crate) fn is_initializer(&self, name: &str) -> bool {
        self.initializers.contains_key(name)
    }

    /// Initializer with the given name, if there is one.
    pub(crate) fn initializer(&self, name: &str) -> Option<Result<ConstantTensor, ImportError>> {
        self.initializers.get(name).map(|bytes| self.constant(name, bytes))
    }

    /// Decodes a tensor's message.
    pub(crate) fn constant(&self, name: &str, bytes: &Bytes) -> Result<ConstantTensor, ImportError> {
        let fail = |reason: String| self.damaged(format!("tensor '{name}' {reason}"));
        let tensor: TensorMessage =
            messages::read(bytes).map_err(|reason| fail(format!("is cut: {reason}")))?;
        let outside = (tensor.data_location == 1).then(|| self.outside(&tensor).map_err(fail)).transpose()?;
        ConstantTensor::new(tensor, outside.flatten()).map_err(fail)
    }

    /// Bytes of a tensor in another file, if that is where they are.
    fn outside(&self, tensor: &TensorMessage) -> Result<Option<Bytes>, String> {
        let entries: Vec<StringEntryMessage> = all(&tensor.external_data)?;
        let get = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value[..]);
        let number = |key: &str| match get(key) {
            Some(text) => text.parse().map(Some).map_err(|_| format!("has no number as its {key}: '{text}'")),
            None => Ok(None),
        };
        let name = get("location").ok_or("is in another file and does not say in which")?;
        if Path::new(name).file_name() != Some(name.as_ref()) {
            return Err(format!("is in '{name}', which is not in the folder of the model"));
        }
        let needed = ConstantTensor::bytes(tensor)?;
        let (offset, length): (u64, u64) =
            (number("offset")?.unwrap_or(0), number("length")?.unwrap_or(needed));
        if length != needed {
            return Err(format!("has {length} bytes in '{name}', its shape needs {needed}"));
        }
        let path = self.path.with_file_name(name);
        let read = || {
            let mut file = File::open(&path)?;
            let end = file.metadata()?.len();
            if offset.checked_add(length).is_none_or(|last| last > end) {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("it has {end} bytes")));
            }
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.take(length).read_to_end(&mut bytes)?;
            Ok(Bytes::from(bytes))
        };
        let cannot = |error: io::Error| {
            format!("needs {length} bytes from {offset} on of {}: {error}", path.display())
        };
        read().map(Some).map_err(cannot)
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!("it has more than the {MAX_FILE} bytes that are read")));
    }
    Ok(bytes)
}

/// Decodes several messages.
pub(crate) fn all<M: BoundedMessage>(messages: &[Bytes]) -> Result<Vec<M>, String> {
    messages.iter().map(messages::read).collect()
}

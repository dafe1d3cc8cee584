//! ONNX: weights are the initializers and constants that convolutions and matrix products take in.
//!
//! Field numbers are those of `onnx.proto3`,
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>.

mod graph;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    ops::Range,
    path::{Component, Path, PathBuf},
};

use self::graph::{OnnxGraph, OnnxNode};
use super::wire::{ProtoField, ProtoReader, ProtoValue, invalid, packed};
use crate::{
    FilterAxis, LayerRole, NumberFormat, Tensor, WeightSource, WeightsError,
    source::{damaged, read_error},
};

/// Reason why a tensor is not binarized.
const NO_WEIGHTS: &str = "not a layer's weights";
const MISSING: &str = "in a file that is not there";
const SHORT: &str = "not whole in its file";
const ELSEWHERE: &str = "in a file outside of the model's folder";
const BRANCH: &str = "in a branch of the graph";
/// Upper bound of the nesting depth of subgraphs, inclusive.
const MAX_DEPTH: usize = 16;

/// Elements of `TensorProto.DataType` and their names in safetensors, with their bits.
const TYPES: [(u64, &str, u64); 14] = [
    (1, "F32", 32),
    (2, "U8", 8),
    (3, "I8", 8),
    (4, "U16", 16),
    (5, "I16", 16),
    (6, "I32", 32),
    (7, "I64", 64),
    (9, "BOOL", 8),
    (10, "F16", 16),
    (11, "F64", 64),
    (12, "U32", 32),
    (13, "U64", 64),
    (14, "C64", 64),
    (16, "BF16", 16),
];

pub(super) fn open(path: &Path) -> Result<WeightSource, WeightsError> {
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    let tensors = ProtoReader::new(file).and_then(|mut model| tensors(&mut model)).map_err(|error| {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                damaged(path, format!("is no ONNX model, or damaged: it has {error}"))
            }
            _ => read_error(path, error),
        }
    })?;
    let Some(tensors) = tensors else {
        return Err(damaged(path, "is no safetensors file and no ONNX model with a graph"));
    };
    let mut files = vec![path.to_owned()];
    let mut missing = Vec::new();
    let tensors = tensors.into_iter().map(|(tensor, outside)| match outside {
        Some(outside) => resolve(tensor, &outside, path, &mut files, &mut missing),
        None => tensor,
    });
    let tensors = tensors.collect();
    Ok(WeightSource { path: path.to_owned(), files, tensors, sharded: false, model: false, missing })
}

/// Location of a tensor's bytes in another file (`TensorProto.external_data`).
#[derive(Default)]
struct ExternalData {
    location: String,
    offset: u64,
    /// Length in bytes; that of the tensor if absent.
    length: Option<u64>,
}

/// Resolves a tensor's location in a file beside the model. Files are recorded in order of appearance: those
/// to read, and those that are missing.
fn resolve(
    tensor: Tensor,
    outside: &ExternalData,
    model: &Path,
    files: &mut Vec<PathBuf>,
    missing: &mut Vec<PathBuf>,
) -> Tensor {
    let name = Path::new(&outside.location);
    let is_beside = name.components().all(|part| matches!(part, Component::Normal(_)));
    if outside.location.is_empty() || !is_beside {
        return Tensor { role: LayerRole::Other(ELSEWHERE), ..tensor };
    }
    let path = model.parent().unwrap_or(Path::new("")).join(name);
    let mut note = |path: PathBuf| {
        if !missing.contains(&path) {
            missing.push(path);
        }
    };
    let Some(size) = path.metadata().ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len()) else {
        note(path);
        return Tensor { role: LayerRole::Other(MISSING), ..tensor };
    };
    let file = files.iter().position(|known| *known == path).unwrap_or(files.len());
    if file == files.len() {
        files.push(path.clone());
    }
    let Some(number) = tensor.number else { return Tensor { file, ..tensor } };
    let needed = (tensor.len() * number.bytes()) as u64;
    let end = outside.offset.checked_add(needed).filter(|end| *end <= size);
    match end.filter(|_| outside.length.is_none_or(|length| length == needed)) {
        Some(end) => Tensor { file, bytes: Some(outside.offset..end), ..tensor },
        None => {
            note(path);
            Tensor { role: LayerRole::Other(SHORT), file, ..tensor }
        }
    }
}

/// A tensor, with its location if that is another file.
type LocatedTensor = (Tensor, Option<ExternalData>);

/// Initializers and constants of the model's graph, with locations in other files; weights of layers come
/// first, in execution order. `None` if there is no graph.
fn tensors(model: &mut ProtoReader) -> io::Result<Option<Vec<LocatedTensor>>> {
    let whole = model.whole();
    let Some(graph) = bytes_of(&model.fields(whole)?, 7).last().cloned() else { return Ok(None) };
    let fields = model.fields(graph)?;
    let (mut tensors, mut outside) = (Vec::new(), BTreeMap::new());
    for initializer in bytes_of(&fields, 5) {
        let initializer = model.fields(initializer)?;
        let tensor = initializer_tensor(model, &initializer)?;
        outside.extend(
            external_data(model, &initializer)?.map(|external_data| (tensor.name.clone(), external_data)),
        );
        tensors.push(tensor);
    }
    let mut nodes = Vec::new();
    for node in bytes_of(&fields, 1) {
        let node = OnnxNode::read(model, node)?;
        if let Some(constant) = &node.constant {
            let name = node.outputs.first().cloned().unwrap_or_default();
            let constant = model.fields(constant.clone())?;
            tensors.push(Tensor { name, ..initializer_tensor(model, &constant)? });
        }
        for branch in &node.branches {
            add_subgraphs(model, branch.clone(), 0, &mut tensors)?;
        }
        nodes.push(node);
    }
    let graph = OnnxGraph { nodes, inputs: names(model, &fields, 11)?, outputs: names(model, &fields, 12)? };
    let is_stored = |tensor: &Tensor| tensor.bytes.is_some() || outside.contains_key(&tensor.name);
    let tensors = graph.assign_roles(tensors, is_stored);
    Ok(Some(
        tensors
            .into_iter()
            .map(|tensor| {
                let external_data = outside.remove(&tensor.name);
                (tensor, external_data)
            })
            .collect(),
    ))
}

/// Adds the initializers of subgraphs, which are not binarized.
fn add_subgraphs(
    model: &mut ProtoReader,
    graph: Range<u64>,
    depth: usize,
    tensors: &mut Vec<Tensor>,
) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(invalid("graphs nested too deep"));
    }
    let fields = model.fields(graph)?;
    for initializer in bytes_of(&fields, 5) {
        let initializer = model.fields(initializer)?;
        let tensor = initializer_tensor(model, &initializer)?;
        tensors.push(Tensor { role: LayerRole::Other(BRANCH), ..tensor });
    }
    for node in bytes_of(&fields, 1) {
        for branch in OnnxNode::read(model, node)?.branches {
            add_subgraphs(model, branch, depth + 1, tensors)?;
        }
    }
    Ok(())
}

/// Names of the graph's inputs or outputs.
fn names(model: &mut ProtoReader, graph: &[ProtoField], number: u64) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for value in bytes_of(graph, number) {
        let value = model.fields(value)?;
        names.push(text(model, &value, 1)?);
    }
    Ok(names)
}

/// Location of a tensor in another file, if it is in one.
fn external_data(model: &mut ProtoReader, tensor: &[ProtoField]) -> io::Result<Option<ExternalData>> {
    if numbers(tensor, 14).last() != Some(&1) {
        return Ok(None);
    }
    let mut outside = ExternalData::default();
    for entry in bytes_of(tensor, 13) {
        let entry = model.fields(entry)?;
        let (key, value) = (text(model, &entry, 1)?, text(model, &entry, 2)?);
        let number = || value.parse().map_err(|_| invalid("a place in another file that is no number"));
        match key.as_str() {
            "offset" => outside.offset = number()?,
            "length" => outside.length = Some(number()?),
            "location" => outside.location = value,
            _ => {}
        }
    }
    Ok(Some(outside))
}

/// A `TensorProto`.
fn initializer_tensor(model: &mut ProtoReader, fields: &[ProtoField]) -> io::Result<Tensor> {
    let name = text(model, fields, 8)?;
    let mut shape = numbers(fields, 1);
    for dims in bytes_of(fields, 1) {
        shape.extend(packed(&model.bytes(dims)?)?);
    }
    let shape: Vec<usize> = shape.into_iter().map(|dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
    let known = numbers(fields, 2).last().and_then(|code| TYPES.iter().find(|(known, ..)| known == code));
    let (dtype, bits) = known.map_or(("unknown", 0), |(_, name, bits)| (*name, *bits));
    let elements = shape.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let size = elements
        .and_then(|elements| (elements as u64).checked_mul(bits / 8))
        .ok_or_else(|| invalid("a tensor of an impossible size"))?;
    // Raw bytes, or single precision numbers in their own field, packed as they are by default.
    let raw = bytes_of(fields, 9).last().cloned();
    let floats = || bytes_of(fields, 4).last().cloned().filter(|_| dtype == "F32");
    let bytes = raw.or_else(floats).filter(|range| bits > 0 && range.end - range.start == size);
    let number = NumberFormat::named(dtype);
    let role = LayerRole::Other(NO_WEIGHTS);
    Ok(Tensor { name, shape, dtype: dtype.into(), number, filters: FilterAxis::First, role, file: 0, bytes })
}

fn bytes_of(fields: &[ProtoField], number: u64) -> Vec<Range<u64>> {
    let matching = fields.iter().filter(|field| field.number == number);
    matching
        .filter_map(|field| match &field.value {
            ProtoValue::Bytes(range) => Some(range.clone()),
            ProtoValue::Varint(_) | ProtoValue::Fixed => None,
        })
        .collect()
}

fn numbers(fields: &[ProtoField], number: u64) -> Vec<u64> {
    let matching = fields.iter().filter(|field| field.number == number);
    matching
        .filter_map(|field| match field.value {
            ProtoValue::Varint(value) => Some(value),
            ProtoValue::Bytes(_) | ProtoValue::Fixed => None,
        })
        .collect()
}

fn text(model: &mut ProtoReader, fields: &[ProtoField], number: u64) -> io::Result<String> {
    match bytes_of(fields, number).last() {
        Some(range) => Ok(String::from_utf8_lossy(&model.bytes(range.clone())?).into_owned()),
        None => Ok(String::new()),
    }
}

//! ONNX: weights are the initialisers and constants that convolutions and matrix products take in.
//!
//! Field numbers are those of `onnx.proto3`,
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>.

mod graph;

use std::{collections::BTreeSet, fs::File, io, ops::Range, path::Path};

use self::graph::{Graph, Node};
use super::{
    damaged,
    wire::{Field, Messages, Value, invalid, packed},
};
use crate::{Filters, Number, Role, Source, Tensor, WeightsError, source::read_error};

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

pub(super) fn open(path: &Path) -> Result<Source, WeightsError> {
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    let tensors =
        Messages::new(file).and_then(|mut model| tensors(&mut model)).map_err(|error| {
            match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    damaged(path, format!("is no ONNX model, or damaged: it has {error}"))
                }
                _ => read_error(path, error),
            }
        })?;
    let Some((tensors, outside)) = tensors else {
        return Err(damaged(path, "is no safetensors file and no ONNX model with a graph"));
    };
    let outside = outside.into_iter().map(|name| path.with_file_name(name)).collect();
    Ok(Source {
        path: path.to_owned(),
        files: vec![path.to_owned()],
        tensors,
        sharded: false,
        model: false,
        outside,
    })
}

/// The initialisers and constants of the model's graph, weights of layers first and in the order in
/// which these run, and the names of files that hold some of them; `None` if it has no graph.
fn tensors(model: &mut Messages) -> io::Result<Option<(Vec<Tensor>, BTreeSet<String>)>> {
    let whole = model.whole();
    let Some(graph) = bytes_of(&model.fields(whole)?, 7).last().cloned() else { return Ok(None) };
    let fields = model.fields(graph)?;
    let (mut tensors, mut outside) = (Vec::new(), BTreeSet::new());
    for initializer in bytes_of(&fields, 5) {
        let initializer = model.fields(initializer)?;
        outside.extend(location(model, &initializer)?);
        tensors.push(initialiser(model, &initializer)?);
    }
    let mut nodes = Vec::new();
    for node in bytes_of(&fields, 1) {
        let node = Node::read(model, node)?;
        if let Some(constant) = &node.constant {
            let name = node.outputs.first().cloned().unwrap_or_default();
            let constant = model.fields(constant.clone())?;
            tensors.push(Tensor { name, ..initialiser(model, &constant)? });
        }
        nodes.push(node);
    }
    let graph = Graph { nodes, inputs: names(model, &fields, 11)?, outputs: names(model, &fields, 12)? };
    Ok(Some((graph.assign_roles(tensors), outside)))
}

/// The names of the graph's inputs or outputs.
fn names(model: &mut Messages, graph: &[Field], number: u64) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for value in bytes_of(graph, number) {
        let value = model.fields(value)?;
        names.push(text(model, &value, 1)?);
    }
    Ok(names)
}

/// The file that holds a tensor, where it is another one.
fn location(model: &mut Messages, tensor: &[Field]) -> io::Result<Option<String>> {
    for entry in bytes_of(tensor, 13) {
        let entry = model.fields(entry)?;
        if text(model, &entry, 1)? == "location" {
            return Ok(Some(text(model, &entry, 2)?));
        }
    }
    Ok(None)
}

/// A `TensorProto`.
fn initialiser(model: &mut Messages, fields: &[Field]) -> io::Result<Tensor> {
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
    let number = Number::named(dtype);
    let outside = numbers(fields, 14).last() == Some(&1);
    let role = Role::Other(if outside { "kept in another file" } else { "not a layer's weights" });
    Ok(Tensor { name, shape, dtype: dtype.into(), number, filters: Filters::First, role, file: 0, bytes })
}

fn bytes_of(fields: &[Field], number: u64) -> Vec<Range<u64>> {
    let matching = fields.iter().filter(|field| field.number == number);
    matching
        .filter_map(|field| match &field.value {
            Value::Bytes(range) => Some(range.clone()),
            Value::Varint(_) | Value::Fixed => None,
        })
        .collect()
}

fn numbers(fields: &[Field], number: u64) -> Vec<u64> {
    let matching = fields.iter().filter(|field| field.number == number);
    matching
        .filter_map(|field| match field.value {
            Value::Varint(value) => Some(value),
            Value::Bytes(_) | Value::Fixed => None,
        })
        .collect()
}

fn text(model: &mut Messages, fields: &[Field], number: u64) -> io::Result<String> {
    match bytes_of(fields, number).last() {
        Some(range) => Ok(String::from_utf8_lossy(&model.bytes(range.clone())?).into_owned()),
        None => Ok(String::new()),
    }
}

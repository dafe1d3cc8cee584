//! ONNX: weights are the initialisers and constants that convolutions and matrix products take in.
//!
//! Field numbers are those of `onnx.proto3`,
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>.

use std::{collections::BTreeMap, fs::File, io, ops::Range, path::Path};

use super::{
    damaged,
    wire::{Field, Messages, Value, invalid, packed},
};
use crate::{Filters, Number, Role, Source, Tensor, WeightsError, source::read_error};

/// Elements of `TensorProto.DataType` and their names in safetensors, with their bits.
const TYPES: [(u64, &str, u64); 12] = [
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
    (13, "U64", 64),
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
    let Some(tensors) = tensors else {
        return Err(damaged(path, "is no safetensors file and no ONNX model with a graph"));
    };
    Ok(Source { path: path.to_owned(), files: vec![path.to_owned()], tensors, sharded: false })
}

/// The initialisers and constants of the model's graph; `None` if it has no graph.
fn tensors(model: &mut Messages) -> io::Result<Option<Vec<Tensor>>> {
    let whole = model.whole();
    let Some(graph) = bytes_of(&model.fields(whole)?, 7).last().cloned() else { return Ok(None) };
    let graph = model.fields(graph)?;
    let mut tensors = Vec::new();
    for initializer in bytes_of(&graph, 5) {
        tensors.push(initialiser(model, initializer)?);
    }
    let mut nodes = Vec::new();
    for node in bytes_of(&graph, 1) {
        let node = Node::read(model, node)?;
        if let Some(constant) = &node.constant {
            tensors.push(Tensor { name: node.output.clone(), ..initialiser(model, constant.clone())? });
        }
        nodes.push(node);
    }
    let by_name: BTreeMap<String, usize> =
        tensors.iter().enumerate().map(|(index, tensor)| (tensor.name.clone(), index)).collect();
    let mut layers = Vec::new();
    for node in &nodes {
        let Some((name, filters)) = node.weights() else { continue };
        let Some(&index) = by_name.get(name) else { continue };
        let tensor = &mut tensors[index];
        // A stack of matrices has filters in neither dimension.
        if tensor.obstacle().is_none() && (filters == Filters::First || tensor.shape.len() == 2) {
            tensor.filters = filters;
            tensor.role = Role::Inner;
            layers.push(index);
        }
    }
    // Nodes come in the order in which they run.
    if let Some(&last) = layers.last() {
        tensors[last].role = Role::Last;
    }
    if let Some(&first) = layers.first() {
        tensors[first].role = Role::First;
    }
    Ok(Some(tensors))
}

/// A `TensorProto`.
fn initialiser(model: &mut Messages, range: Range<u64>) -> io::Result<Tensor> {
    let fields = model.fields(range)?;
    let name = text(model, &fields, 8)?;
    let mut shape = numbers(&fields, 1);
    for dims in bytes_of(&fields, 1) {
        shape.extend(packed(&model.bytes(dims)?)?);
    }
    let shape: Vec<usize> = shape.into_iter().map(|dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
    let known = numbers(&fields, 2).last().and_then(|code| TYPES.iter().find(|(known, ..)| known == code));
    let (dtype, bits) = known.map_or(("unknown", 0), |(_, name, bits)| (*name, *bits));
    let elements = shape.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let size = elements
        .and_then(|elements| (elements as u64).checked_mul(bits / 8))
        .ok_or_else(|| invalid("a tensor of an impossible size"))?;
    // Raw bytes, or single precision numbers in their own field, packed as they are by default.
    let raw = bytes_of(&fields, 9).last().cloned();
    let floats = || bytes_of(&fields, 4).last().cloned().filter(|_| dtype == "F32");
    let bytes = raw.or_else(floats).filter(|range| range.end - range.start == size);
    let number = match dtype {
        "F32" => Some(Number::F32),
        "F16" => Some(Number::F16),
        "BF16" => Some(Number::Bf16),
        _ => None,
    };
    let outside = numbers(&fields, 14).last() == Some(&1);
    let role = Role::Other(if outside { "kept in another file" } else { "not a layer's weights" });
    Ok(Tensor { name, shape, dtype: dtype.into(), number, filters: Filters::First, role, file: 0, bytes })
}

/// What a `NodeProto` says of weights.
struct Node {
    op: String,
    inputs: Vec<String>,
    output: String,
    /// Whether `Gemm` transposes its second input.
    transposed: bool,
    /// The tensor of a `Constant`, which some exporters use in place of initialisers.
    constant: Option<Range<u64>>,
}

impl Node {
    fn read(model: &mut Messages, range: Range<u64>) -> io::Result<Self> {
        let fields = model.fields(range)?;
        let op = text(model, &fields, 4)?;
        let mut inputs = Vec::new();
        for input in bytes_of(&fields, 1) {
            inputs.push(String::from_utf8_lossy(&model.bytes(input)?).into_owned());
        }
        let output = text(model, &fields, 2)?;
        let (mut transposed, mut constant) = (false, None);
        if op == "Gemm" || op == "Constant" {
            for attribute in bytes_of(&fields, 5) {
                let attribute = model.fields(attribute)?;
                match text(model, &attribute, 1)?.as_str() {
                    "transB" => transposed = numbers(&attribute, 3).last().is_some_and(|&value| value != 0),
                    "value" => constant = bytes_of(&attribute, 5).last().cloned(),
                    _ => {}
                }
            }
        }
        Ok(Self { op, inputs, output, transposed, constant })
    }

    /// The name of its weights, and where they have their filters.
    fn weights(&self) -> Option<(&str, Filters)> {
        let filters = match self.op.as_str() {
            "Conv" => Filters::First,
            "Gemm" if self.transposed => Filters::First,
            "Gemm" | "MatMul" => Filters::Last,
            _ => return None,
        };
        Some((self.inputs.get(1)?, filters))
    }
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

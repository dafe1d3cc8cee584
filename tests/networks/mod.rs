//! Files of networks: made by hand, and read.
#![allow(dead_code, reason = "each test program uses a part")]

use std::{collections::BTreeMap, fs, ops::Range};

use half::{bf16, f16};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// A tensor as it lies in a file.
pub(crate) struct Layer {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub bytes: Vec<u8>,
}

impl Layer {
    /// Random weights that depend on the name.
    pub(crate) fn new(name: &str, shape: &[usize], dtype: Dtype) -> Self {
        let seed = name.bytes().fold(0, |seed, byte| seed * 31 + u64::from(byte));
        let mut rng = Pcg64::seed_from_u64(seed);
        let numbers = (0..shape.iter().product()).map(|_| rng.random_range(-1.0f32..1.5).powi(3));
        let bytes = match dtype {
            Dtype::F16 => numbers.flat_map(|number| f16::from_f32(number).to_le_bytes()).collect(),
            Dtype::BF16 => numbers.flat_map(|number| bf16::from_f32(number).to_le_bytes()).collect(),
            _ => numbers.flat_map(f32::to_le_bytes).collect(),
        };
        Self { name: name.to_owned(), shape: shape.to_vec(), dtype, bytes }
    }

    /// Changes one single precision number.
    pub(crate) fn set(&mut self, index: usize, number: f32) {
        self.bytes[4 * index..4 * index + 4].copy_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn numbers(&self) -> Vec<f32> {
        let halves = || self.bytes.as_chunks().0.iter();
        match self.dtype {
            Dtype::F16 => halves().map(|&two| f16::from_le_bytes(two).to_f32()).collect(),
            Dtype::BF16 => halves().map(|&two| bf16::from_le_bytes(two).to_f32()).collect(),
            _ => weights(&self.bytes),
        }
    }
}

/// Single precision numbers.
pub(crate) fn weights(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect()
}

/// A safetensors file.
pub(crate) fn safetensors(layers: &[Layer]) -> Vec<u8> {
    let views = layers.iter().map(|layer| {
        (layer.name.clone(), TensorView::new(layer.dtype, layer.shape.clone(), &layer.bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// The tensors of a safetensors file by name.
pub(crate) fn read(path: &str) -> BTreeMap<String, Layer> {
    let bytes = fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap().tensors();
    let layer = |(name, view): (String, TensorView<'_>)| {
        let (dtype, shape, bytes) = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        (name.clone(), Layer { name, shape, dtype, bytes })
    };
    tensors.into_iter().map(layer).collect()
}

/// An ONNX model, and where the weights of its tensors lie.
pub(crate) struct Onnx {
    pub bytes: Vec<u8>,
    pub places: Vec<(String, Range<usize>)>,
}

/// `first` and `middle` into convolutions, `constant` into a `Gemm` that transposes, `product` and
/// `last` into matrix products.
pub(crate) fn onnx() -> Onnx {
    onnx_with(None, Vec::new())
}

/// The same with weights, `hidden`, in a branch of an `If`.
pub(crate) fn onnx_with_a_branch() -> Vec<u8> {
    let branch = field(5, &tensor(&Layer::new("hidden", &[4, 4], Dtype::F32), 9));
    let attribute = field(5, &[field(1, b"then_branch"), field(6, &branch)].concat());
    onnx_with(None, field(1, &[field(2, b"chosen"), field(4, b"If"), attribute].concat())).bytes
}

/// The same with the numbers of `middle` behind 16 bytes of the file `name`, and what is in that file.
pub(crate) fn onnx_with_data_in(name: &str) -> (Vec<u8>, Vec<u8>) {
    let middle = Layer::new("middle", &[4, 6, 3, 3], Dtype::F32);
    (onnx_with(Some(name), Vec::new()).bytes, [&[7; 16][..], &middle.bytes, b"end"].concat())
}

/// With `middle` in a file, if that is named, and more fields of the graph.
fn onnx_with(outside: Option<&str>, mut graph: Vec<u8>) -> Onnx {
    let layers = [
        Layer::new("first", &[6, 1, 5, 5], Dtype::F32),
        Layer::new("middle", &[4, 6, 3, 3], Dtype::F32),
        Layer::new("constant", &[4, 36], Dtype::F32),
        Layer::new("product", &[4, 5], Dtype::F32),
        Layer::new("last", &[5, 3], Dtype::F32),
    ];
    let transposed = field(5, &[field(1, b"transB"), varint(3, 1)].concat());
    let value = |index: usize| format!("v{index}").into_bytes();
    graph.extend([field(11, &field(1, &value(0))), field(12, &field(1, &value(5)))].concat());
    for (index, (layer, op)) in layers.iter().zip(["Conv", "Conv", "Gemm", "MatMul", "MatMul"]).enumerate() {
        if layer.name == "constant" {
            // Its numbers in the field of their own, not as raw bytes.
            let numbers = field(5, &[field(1, b"value"), field(5, &tensor(layer, 4))].concat());
            graph.extend(field(1, &[field(2, b"constant"), field(4, b"Constant"), numbers].concat()));
        } else if let Some(name) = outside.filter(|_| layer.name == "middle") {
            graph.extend(field(5, &tensor_in(layer, name)));
        } else {
            graph.extend(field(5, &tensor(layer, 9)));
        }
        let mut node = [
            field(1, &value(index)),
            field(1, layer.name.as_bytes()),
            field(2, &value(index + 1)),
            field(4, op.as_bytes()),
        ]
        .concat();
        if op == "Gemm" {
            node.extend(&transposed);
        }
        graph.extend(field(1, &node));
    }
    let bytes = [varint(1, 8), field(2, b"by hand"), field(7, &graph)].concat();
    let place = |layer: &Layer| {
        let start = bytes.windows(layer.bytes.len()).position(|window| window == layer.bytes)?;
        Some((layer.name.clone(), start..start + layer.bytes.len()))
    };
    Onnx { places: layers.iter().filter_map(place).collect(), bytes }
}

/// A `TensorProto` whose numbers are behind 16 bytes of the file `name`.
fn tensor_in(layer: &Layer, name: &str) -> Vec<u8> {
    let dims: Vec<u8> = layer.shape.iter().map(|&dim| dim as u8).collect();
    let entry =
        |key: &str, value: &str| field(13, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat());
    let length = layer.bytes.len().to_string();
    let place = [entry("location", name), entry("offset", "16"), entry("length", &length)].concat();
    [field(1, &dims), varint(2, 1), field(8, layer.name.as_bytes()), place, varint(14, 1)].concat()
}

/// A `TensorProto` with its numbers in the given field.
fn tensor(layer: &Layer, data: u8) -> Vec<u8> {
    let dims: Vec<u8> = layer.shape.iter().map(|&dim| dim as u8).collect();
    [field(1, &dims), varint(2, 1), field(8, layer.name.as_bytes()), field(data, &layer.bytes)].concat()
}

/// A field of bytes, as protocol buffers have it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut len = bytes.len();
    while len >= 0x80 {
        field.push(len as u8 | 0x80);
        len >>= 7;
    }
    field.push(len as u8);
    field.extend(bytes);
    field
}

fn varint(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

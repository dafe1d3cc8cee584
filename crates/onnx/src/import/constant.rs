//! Tensors that a file holds, in the few types that networks here have.

use dabnet_graph::Shape;
use half::{bf16, f16};
use prost::bytes::Bytes;

use crate::messages::TensorMessage;

/// A constant tensor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConstantTensor {
    pub shape: Vec<usize>,
    pub data: ConstantData,
}

/// Elements of a constant, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ConstantData {
    /// From any floating-point type.
    Floats(Vec<f32>),
    /// From any integer type that shapes or quantized weights use.
    Ints(Vec<i64>),
}

/// Element types of `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ElementKind {
    F32,
    F64,
    F16,
    BF16,
    U8,
    I8,
    U16,
    I16,
    I32,
    I64,
}

/// Upper bound of a tensor's rank, inclusive.
const MAX_RANK: usize = 8;

impl ElementKind {
    fn new(code: i32) -> Result<Self, String> {
        Ok(match code {
            1 => Self::F32,
            2 => Self::U8,
            3 => Self::I8,
            4 => Self::U16,
            5 => Self::I16,
            6 => Self::I32,
            7 => Self::I64,
            10 => Self::F16,
            11 => Self::F64,
            16 => Self::BF16,
            _ => return Err(format!("has elements of {}, which are not read", type_name(code))),
        })
    }

    fn bytes(self) -> u64 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::F16 | Self::BF16 | Self::U16 | Self::I16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }
}

/// Name of an element type in ONNX.
pub(crate) fn type_name(code: i32) -> String {
    let names = [
        "no type",
        "float",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "double",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
    ];
    let name = usize::try_from(code).ok().and_then(|code| names.get(code));
    name.map_or_else(|| format!("type {code}"), |name| (*name).to_owned())
}

/// True for the types whose elements are read as numbers of single precision.
pub(crate) fn is_float(code: i32) -> bool {
    matches!(
        ElementKind::new(code),
        Ok(ElementKind::F32 | ElementKind::F64 | ElementKind::F16 | ElementKind::BF16)
    )
}

impl ConstantTensor {
    /// The bytes that a tensor's elements take as they are in memory.
    ///
    /// # Errors
    /// A reason, for a type that is not read and a shape that is too large.
    pub(crate) fn bytes(tensor: &TensorMessage) -> Result<u64, String> {
        Ok(elements(&extents(tensor)?)? as u64 * ElementKind::new(tensor.data_type)?.bytes())
    }

    /// Decodes a tensor's message; `outside` holds its elements if they are in another file.
    ///
    /// # Errors
    /// A reason.
    pub(crate) fn new(tensor: TensorMessage, outside: Option<Bytes>) -> Result<Self, String> {
        let shape = extents(&tensor)?;
        let (count, kind) = (elements(&shape)?, ElementKind::new(tensor.data_type)?);
        let data = match outside.or(tensor.raw_data.clone()) {
            Some(raw) => {
                let needed = count as u64 * kind.bytes();
                if raw.len() as u64 != needed {
                    return Err(format!("has {} bytes, its shape needs {needed}", raw.len()));
                }
                from_raw(kind, &raw)
            }
            None => from_fields(kind, tensor),
        };
        let found = match &data {
            ConstantData::Floats(values) => values.len(),
            ConstantData::Ints(values) => values.len(),
        };
        if found != count {
            return Err(format!("has {found} elements, its shape needs {count}"));
        }
        Ok(Self { shape, data })
    }

    pub(crate) fn of_ints(values: Vec<i64>) -> Self {
        Self { shape: vec![values.len()], data: ConstantData::Ints(values) }
    }
}

fn extents(tensor: &TensorMessage) -> Result<Vec<usize>, String> {
    if tensor.dims.len() > MAX_RANK {
        return Err(format!("has {} dimensions", tensor.dims.len()));
    }
    let extent = |&dim: &i64| usize::try_from(dim).map_err(|_| format!("has {dim} as an extent"));
    tensor.dims.iter().map(extent).collect()
}

fn elements(shape: &[usize]) -> Result<usize, String> {
    let count = shape.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
    count.filter(|&count| count <= Shape::MAX_ELEMENTS).ok_or_else(|| {
        format!("has shape {shape:?}, more than the {} elements that are read", Shape::MAX_ELEMENTS)
    })
}

fn from_raw(kind: ElementKind, raw: &[u8]) -> ConstantData {
    match kind {
        ElementKind::F32 => ConstantData::Floats(each(raw, f32::from_le_bytes)),
        ElementKind::F64 => ConstantData::Floats(each(raw, |bytes| f64::from_le_bytes(bytes) as f32)),
        ElementKind::F16 => ConstantData::Floats(each(raw, |bytes| f16::from_le_bytes(bytes).to_f32())),
        ElementKind::BF16 => ConstantData::Floats(each(raw, |bytes| bf16::from_le_bytes(bytes).to_f32())),
        ElementKind::U8 => ConstantData::Ints(each(raw, |bytes| u8::from_le_bytes(bytes).into())),
        ElementKind::I8 => ConstantData::Ints(each(raw, |bytes| i8::from_le_bytes(bytes).into())),
        ElementKind::U16 => ConstantData::Ints(each(raw, |bytes| u16::from_le_bytes(bytes).into())),
        ElementKind::I16 => ConstantData::Ints(each(raw, |bytes| i16::from_le_bytes(bytes).into())),
        ElementKind::I32 => ConstantData::Ints(each(raw, |bytes| i32::from_le_bytes(bytes).into())),
        ElementKind::I64 => ConstantData::Ints(each(raw, i64::from_le_bytes)),
    }
}

fn each<const N: usize, T>(raw: &[u8], of: impl Fn([u8; N]) -> T) -> Vec<T> {
    raw.as_chunks().0.iter().map(|bytes| of(*bytes)).collect()
}

fn from_fields(kind: ElementKind, tensor: TensorMessage) -> ConstantData {
    // Numbers of half the size are kept as the bits of integers.
    let halves = |of: fn(u16) -> f32| tensor.int32_data.iter().map(|&bits| of(bits as u16)).collect();
    match kind {
        ElementKind::F16 => ConstantData::Floats(halves(|bits| f16::from_bits(bits).to_f32())),
        ElementKind::BF16 => ConstantData::Floats(halves(|bits| bf16::from_bits(bits).to_f32())),
        ElementKind::F32 => ConstantData::Floats(tensor.float_data),
        ElementKind::F64 => {
            ConstantData::Floats(tensor.double_data.iter().map(|&value| value as f32).collect())
        }
        ElementKind::U8 | ElementKind::I8 | ElementKind::U16 | ElementKind::I16 | ElementKind::I32 => {
            ConstantData::Ints(tensor.int32_data.iter().map(|&value| value.into()).collect())
        }
        ElementKind::I64 => ConstantData::Ints(tensor.int64_data),
    }
}

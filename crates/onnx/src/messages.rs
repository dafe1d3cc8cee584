//! Messages of an ONNX file, as far as they are needed.
//!
//! Field numbers are those of `onnx.proto3`,
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>. Messages within messages stay bytes until they
//! are [read](read) one by one, so that what a file makes a reader allocate can be bounded.

use prost::{
    DecodeError, Message,
    bytes::Bytes,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

/// The most fields in one message.
const MAX_FIELDS: usize = 1 << 16;

/// Upper bound of the total size of a message's fields that are not expected to be large, in bytes.
const MAX_SMALL: u64 = 4 << 20;

/// A message with the numbers of its fields that may be large.
pub(crate) trait BoundedMessage: Message + Default {
    const LARGE: &'static [u32];
}

/// Reads one message.
pub(crate) fn read<M: BoundedMessage>(bytes: &Bytes) -> Result<M, String> {
    check_fields(bytes, M::LARGE).map_err(|error| error.unwrap_or_else(|| "a field is cut short".into()))?;
    M::decode(bytes.clone()).map_err(|error| error.to_string())
}

/// Checks the fields of a message without decoding it.
fn check_fields(bytes: &Bytes, large: &[u32]) -> Result<(), Option<String>> {
    let cut = |_: DecodeError| None;
    let mut rest = &bytes[..];
    let (mut count, mut small) = (0, 0_u64);
    while !rest.is_empty() {
        let (number, kind) = decode_key(&mut rest).map_err(cut)?;
        count += 1;
        if count > MAX_FIELDS {
            return Err(Some(format!("a message has more than {MAX_FIELDS} fields")));
        }
        if kind == WireType::LengthDelimited && !large.contains(&number) {
            small = small.saturating_add(decode_varint(&mut &rest[..]).map_err(cut)?);
            if small > MAX_SMALL {
                return Err(Some(format!("field {number} of a message is too long")));
            }
        }
        skip_field(kind, number, &mut rest, DecodeContext::default()).map_err(cut)?;
    }
    Ok(())
}

macro_rules! parts {
    ($($name:ident: $large:expr;)*) => {
        $(impl BoundedMessage for $name {
            const LARGE: &'static [u32] = &$large;
        })*
    };
}

parts! {
    ModelMessage: [7];
    GraphMessage: [1, 5];
    NodeMessage: [5];
    AttributeMessage: [5];
    TensorMessage: [4, 5, 9, 10];
    StringEntryMessage: [];
    ValueInfoMessage: [];
    TypeMessage: [];
    TensorTypeMessage: [];
    TensorShapeMessage: [];
    DimensionMessage: [];
    OperatorSetMessage: [];
}

/// `ModelProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ModelMessage {
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    #[prost(bytes = "bytes", optional, tag = "7")]
    pub graph: Option<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "8")]
    pub operator_sets: Vec<Bytes>,
    #[prost(string, tag = "2")]
    pub producer: String,
    #[prost(string, tag = "3")]
    pub producer_version: String,
    #[prost(bytes = "bytes", repeated, tag = "14")]
    pub metadata: Vec<Bytes>,
}

/// `OperatorSetIdProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct OperatorSetMessage {
    #[prost(string, tag = "1")]
    pub domain: String,
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// `GraphProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct GraphMessage {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub nodes: Vec<Bytes>,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(bytes = "bytes", repeated, tag = "5")]
    pub initializers: Vec<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "11")]
    pub inputs: Vec<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "12")]
    pub outputs: Vec<Bytes>,
}

/// `NodeProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NodeMessage {
    #[prost(string, repeated, tag = "1")]
    pub inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub outputs: Vec<String>,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub op: String,
    #[prost(string, tag = "7")]
    pub domain: String,
    #[prost(bytes = "bytes", repeated, tag = "5")]
    pub attributes: Vec<Bytes>,
}

/// `AttributeProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct AttributeMessage {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(float, optional, tag = "2")]
    pub float: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    pub int: Option<i64>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub text: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub tensor: Option<Bytes>,
    #[prost(float, repeated, tag = "7")]
    pub floats: Vec<f32>,
    #[prost(int64, repeated, tag = "8")]
    pub ints: Vec<i64>,
    /// `AttributeProto.AttributeType`.
    #[prost(int32, tag = "20")]
    pub kind: i32,
}

/// `TensorProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorMessage {
    #[prost(int64, repeated, tag = "1")]
    pub dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    #[prost(string, tag = "8")]
    pub name: String,
    #[prost(bytes = "bytes", optional, tag = "9")]
    pub raw_data: Option<Bytes>,
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    #[prost(bytes = "bytes", repeated, tag = "13")]
    pub external_data: Vec<Bytes>,
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// `StringStringEntryProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct StringEntryMessage {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// `ValueInfoProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValueInfoMessage {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub kind: Bytes,
}

/// `TypeProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TypeMessage {
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub tensor: Option<Bytes>,
}

/// `TypeProto.TensorMessage`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorTypeMessage {
    #[prost(int32, tag = "1")]
    pub element: i32,
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub shape: Option<Bytes>,
}

/// `TensorShapeProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorShapeMessage {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub dims: Vec<Bytes>,
}

/// `TensorShapeProto.DimensionMessage`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DimensionMessage {
    #[prost(int64, optional, tag = "1")]
    pub value: Option<i64>,
    #[prost(string, tag = "2")]
    pub parameter: String,
}

use std::collections::HashSet;

use dabnet_engine::{PackedModel, serde_json};
use prost::{Message, bytes::Bytes};

use super::ExportForm;
use crate::{
    key,
    messages::{
        AttributeMessage, DimensionMessage, GraphMessage, ModelMessage, NodeMessage, OperatorSetMessage,
        StringEntryMessage, TensorMessage, TensorShapeMessage, TensorTypeMessage, TypeMessage,
        ValueInfoMessage,
    },
};

/// Version of ONNX's ops: the first with `BitwiseAnd`.
const OPSET: i64 = 18;

/// Version of the file format that came with it.
const IR_VERSION: i64 = 8;

/// Domain of the ops of QONNX.
const QONNX: &str = "qonnx.custom_op.general";

/// Ops of that domain.
const QONNX_OPS: [&str; 2] = ["BipolarQuant", "Quant"];

/// `TensorProto.DataType`.
const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;
const INT64: i32 = 7;

/// Attribute of a node.
pub(super) enum Attribute<'a> {
    Int(i64),
    Float(f32),
    Ints(Vec<i64>),
    Text(&'a str),
}

/// An ONNX file that is being written.
#[derive(Default)]
pub(super) struct OnnxWriter {
    nodes: Vec<Bytes>,
    initializers: Vec<Bytes>,
    names: HashSet<String>,
    uses_qonnx: bool,
}

impl OnnxWriter {
    /// Adds a node with one output, and returns the name of that: `name`, or one like it that is free.
    pub(super) fn node(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let is_qonnx = QONNX_OPS.contains(&op);
        self.uses_qonnx |= is_qonnx;
        let output = self.unique(name);
        let node = NodeMessage {
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            outputs: vec![output.clone()],
            name: output.clone(),
            op: op.to_owned(),
            domain: if is_qonnx { QONNX } else { "" }.to_owned(),
            attributes: attributes.iter().map(|(name, value)| encoded(&attribute(name, value))).collect(),
        };
        self.nodes.push(encoded(&node));
        output
    }

    /// Adds a tensor of 32-bit floats, and returns its name.
    pub(super) fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let name = self.unique(name);
        self.tensor(name, FLOAT, dims, bytes)
    }

    /// Adds a tensor of signed bytes.
    pub(super) fn integers(&mut self, name: &str, dims: &[usize], values: &[i8]) -> String {
        let name = self.unique(name);
        self.tensor(name, INT8, dims, values.iter().map(|value| value.cast_unsigned()).collect())
    }

    /// Adds a tensor of bytes; one of the same name is taken to be the same.
    pub(super) fn bytes(&mut self, name: &str, dims: &[usize], values: &[u8]) -> String {
        self.shared(name, UINT8, dims, values.to_vec())
    }

    /// Adds a list of indices; one of the same name is taken to be the same.
    pub(super) fn indices(&mut self, name: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.shared(name, INT64, &[values.len()], bytes)
    }

    /// Adds a number; one of the same name is taken to be the same.
    pub(super) fn scalar(&mut self, name: &str, value: f32) -> String {
        self.shared(name, FLOAT, &[], value.to_le_bytes().to_vec())
    }

    /// Adds `count` times the same number; those of the same name are taken to be the same.
    pub(super) fn filled(&mut self, name: &str, count: usize, value: f32) -> String {
        self.shared(name, FLOAT, &[count], value.to_le_bytes().repeat(count))
    }

    fn shared(&mut self, name: &str, kind: i32, dims: &[usize], bytes: Vec<u8>) -> String {
        // Layers have no name that begins so.
        let name = format!("constant/{name}");
        if self.names.insert(name.clone()) { self.tensor(name, kind, dims, bytes) } else { name }
    }

    fn tensor(&mut self, name: String, data_type: i32, dims: &[usize], bytes: Vec<u8>) -> String {
        let dims = dims.iter().map(|&dim| dim as i64).collect();
        let raw_data = Some(bytes.into());
        let tensor = TensorMessage { dims, data_type, name: name.clone(), raw_data, ..Default::default() };
        self.initializers.push(encoded(&tensor));
        name
    }

    /// A name that nothing has yet.
    fn unique(&mut self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}.{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        names.find(|name| name != "canvas" && self.names.insert(name.clone())).unwrap_or_default()
    }

    /// The bytes of the file.
    pub(super) fn finish(self, packed: &PackedModel, form: ExportForm) -> Vec<u8> {
        let shape = packed.graph.input_shape();
        let input = [shape.channels, shape.height, shape.width].map(|side| side as i64);
        let graph = GraphMessage {
            nodes: self.nodes,
            name: "dabnet".to_owned(),
            initializers: self.initializers,
            inputs: vec![value("canvas", &input)],
            outputs: vec![value("logits", &[packed.labels.len() as i64])],
        };
        let qonnx = self.uses_qonnx.then_some((QONNX, 1));
        let sets = [("", OPSET)].into_iter().chain(qonnx);
        let set = |(domain, version): (&str, i64)| {
            encoded(&OperatorSetMessage { domain: domain.to_owned(), version })
        };
        let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
        let metadata = [
            (key::FORM, form.to_string()),
            (key::LABELS, json(serde_json::to_string(&packed.labels))),
            (key::PREPROCESSING, json(serde_json::to_string(&packed.preprocessing))),
            (key::PROVENANCE, json(serde_json::to_string(&packed.provenance))),
        ];
        let entry =
            |(key, value): (&str, String)| encoded(&StringEntryMessage { key: key.to_owned(), value });
        let model = ModelMessage {
            ir_version: IR_VERSION,
            producer: "dabnet".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(encoded(&graph)),
            operator_sets: sets.map(set).collect(),
            metadata: metadata.into_iter().map(entry).collect(),
        };
        model.encode_to_vec()
    }
}

fn encoded(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

fn attribute(name: &str, value: &Attribute<'_>) -> AttributeMessage {
    let name = name.to_owned();
    // `AttributeProto.AttributeType`.
    match value {
        Attribute::Int(value) => AttributeMessage { name, int: Some(*value), kind: 2, ..Default::default() },
        Attribute::Float(value) => {
            AttributeMessage { name, float: Some(*value), kind: 1, ..Default::default() }
        }
        Attribute::Ints(values) => {
            AttributeMessage { name, ints: values.clone(), kind: 7, ..Default::default() }
        }
        Attribute::Text(text) => {
            let text = Some(Bytes::copy_from_slice(text.as_bytes()));
            AttributeMessage { name, text, kind: 3, ..Default::default() }
        }
    }
}

/// Description of a value of floats, of which there is any number.
fn value(name: &str, dims: &[i64]) -> Bytes {
    let batch = DimensionMessage { value: None, parameter: "batch".to_owned() };
    let sides = dims.iter().map(|&side| DimensionMessage { value: Some(side), parameter: String::new() });
    let shape =
        TensorShapeMessage { dims: [batch].into_iter().chain(sides).map(|dim| encoded(&dim)).collect() };
    let tensor = TensorTypeMessage { element: FLOAT, shape: Some(encoded(&shape)) };
    let kind = encoded(&TypeMessage { tensor: Some(encoded(&tensor)) });
    encoded(&ValueInfoMessage { name: name.to_owned(), kind })
}

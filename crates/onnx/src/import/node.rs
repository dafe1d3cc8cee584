//! A node of an ONNX graph: its inputs, and its attributes, each of which must be consumed.

use std::collections::BTreeMap;

use prost::bytes::Bytes;

use crate::import::{
    ImportError,
    error::one_line,
    messages::{self, AttributeMessage, NodeMessage},
    source::all,
};

/// A node.
pub(crate) struct OnnxNode {
    name: String,
    pub op: String,
    /// Names; the empty one stands for an input that is left out.
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub opset: i64,
    attributes: BTreeMap<String, AttributeMessage>,
}

impl OnnxNode {
    pub(crate) fn read(bytes: &Bytes, opset: i64) -> Result<Self, String> {
        let NodeMessage { inputs, outputs, name, op, domain, attributes } = messages::read(bytes)?;
        let attributes: Vec<AttributeMessage> = all(&attributes)?;
        let op = if ["", "ai.onnx"].contains(&&domain[..]) { op } else { format!("{domain}.{op}") };
        let attributes = attributes.into_iter().map(|it| (it.name.clone(), it)).collect();
        Ok(Self { name, op, inputs, outputs, opset, attributes })
    }

    /// Name of the node, or of its output if it has none.
    pub(crate) fn name(&self) -> &str {
        if self.name.is_empty() { self.outputs.first().map_or("", String::as_str) } else { &self.name }
    }

    pub(crate) fn refuse(&self, reason: impl Into<String>) -> ImportError {
        let [node, op, reason] = [self.name(), &self.op, &reason.into()].map(one_line);
        ImportError::Node { node, op, reason }
    }

    /// Refuses attributes beside these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ImportError> {
        match self.attributes.keys().find(|name| !known.contains(&&name[..])) {
            Some(name) => Err(self.refuse(format!("has an attribute '{name}', which this op has not"))),
            None => Ok(()),
        }
    }

    /// Rejects an attribute with a value other than the neutral one.
    pub(crate) fn expect(&self, name: &str, neutral: i64) -> Result<(), ImportError> {
        match self.int(name, neutral) {
            found if found == neutral => Ok(()),
            found => Err(self.refuse(format!("{name} is {found}; only {neutral} can be imported"))),
        }
    }

    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        self.attributes.get(name).and_then(|it| it.int).unwrap_or(default)
    }

    pub(crate) fn float(&self, name: &str) -> Option<f32> {
        self.attributes.get(name)?.float
    }

    pub(crate) fn ints(&self, name: &str) -> Option<&[i64]> {
        Some(&self.attributes.get(name)?.ints)
    }

    pub(crate) fn floats(&self, name: &str) -> Option<&[f32]> {
        Some(&self.attributes.get(name)?.floats)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        let text = self.attributes.get(name).and_then(|it| it.text.as_ref());
        text.map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
    }

    pub(crate) fn tensor(&self, name: &str) -> Option<&Bytes> {
        self.attributes.get(name)?.tensor.as_ref()
    }

    /// True if there is an attribute of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// Name of an input, if it is not left out.
    pub(crate) fn input(&self, index: usize) -> Option<&str> {
        self.inputs.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }
}

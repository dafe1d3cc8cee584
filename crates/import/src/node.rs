//! A node of an ONNX graph: what it reads, and attributes that are all accounted for.

use std::collections::BTreeMap;

use prost::bytes::Bytes;

use crate::{
    ImportError,
    error::one_line,
    messages::{self, Attribute, NodeMessage},
    source::all,
};

/// A node.
pub(crate) struct Node {
    name: String,
    pub op: String,
    /// Names; the empty one stands for an input that is left out.
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub opset: i64,
    attributes: BTreeMap<String, Attribute>,
}

impl Node {
    pub fn read(bytes: &Bytes, opset: i64) -> Result<Self, String> {
        let NodeMessage { inputs, outputs, name, op, domain, attributes } = messages::read(bytes)?;
        let attributes: Vec<Attribute> = all(&attributes)?;
        let op = if ["", "ai.onnx"].contains(&&domain[..]) { op } else { format!("{domain}.{op}") };
        let attributes = attributes.into_iter().map(|it| (it.name.clone(), it)).collect();
        Ok(Self { name, op, inputs, outputs, opset, attributes })
    }

    /// Its name, or that of its output where it has none.
    pub fn name(&self) -> &str {
        if self.name.is_empty() { self.outputs.first().map_or("", String::as_str) } else { &self.name }
    }

    pub fn refuse(&self, reason: impl Into<String>) -> ImportError {
        let [node, op, reason] = [self.name(), &self.op, &reason.into()].map(one_line);
        ImportError::Node { node, op, reason }
    }

    /// Refuses attributes beside these.
    pub fn only(&self, known: &[&str]) -> Result<(), ImportError> {
        match self.attributes.keys().find(|name| !known.contains(&&name[..])) {
            Some(name) => Err(self.refuse(format!("has an attribute '{name}', which this op has not"))),
            None => Ok(()),
        }
    }

    /// Refuses an attribute of another value than the one that changes nothing.
    pub fn expect(&self, name: &str, neutral: i64) -> Result<(), ImportError> {
        match self.int(name, neutral) {
            found if found == neutral => Ok(()),
            found => Err(self.refuse(format!("{name} is {found}; only {neutral} can be imported"))),
        }
    }

    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attributes.get(name).and_then(|it| it.int).unwrap_or(default)
    }

    pub fn float(&self, name: &str) -> Option<f32> {
        self.attributes.get(name)?.float
    }

    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        Some(&self.attributes.get(name)?.ints)
    }

    pub fn floats(&self, name: &str) -> Option<&[f32]> {
        Some(&self.attributes.get(name)?.floats)
    }

    pub fn text(&self, name: &str) -> String {
        let text = self.attributes.get(name).and_then(|it| it.text.as_ref());
        text.map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
    }

    pub fn tensor(&self, name: &str) -> Option<&Bytes> {
        self.attributes.get(name)?.tensor.as_ref()
    }

    /// Whether there is an attribute of this name.
    pub fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// Name of an input, if it is not left out.
    pub fn input(&self, index: usize) -> Option<&str> {
        self.inputs.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }
}

//! What the tensors of an ONNX graph are, by name.

use std::collections::HashMap;

use crate::{
    ImportError,
    constant::{Constant, Data},
    flow::Flow,
    node::Node,
    source::Source,
};

/// Stands for the size of the batch among the numbers of a shape.
pub(crate) const BATCH: i64 = i64::MIN;

/// A tensor.
#[derive(Clone)]
pub(crate) enum Value {
    Flow(Flow),
    Constant(Constant),
}

/// Shape and elements of constant numbers.
pub(crate) type Floats = (Vec<usize>, Vec<f32>);

/// The tensors so far.
pub(crate) struct Values<'a> {
    pub source: &'a Source,
    known: HashMap<String, Value>,
}

impl<'a> Values<'a> {
    pub fn new(source: &'a Source) -> Self {
        Self { source, known: HashMap::new() }
    }

    pub fn set(&mut self, name: &str, value: Value) {
        self.known.insert(name.to_owned(), value);
    }

    pub fn by_name(&self, name: &str) -> Option<&Value> {
        self.known.get(name)
    }

    /// Input `index` of a node; `None` if it is left out.
    pub fn get(&self, node: &Node, index: usize) -> Result<Option<Value>, ImportError> {
        let Some(name) = node.input(index) else { return Ok(None) };
        if let Some(value) = self.known.get(name) {
            return Ok(Some(value.clone()));
        }
        match self.source.initializer(name) {
            Some(constant) => Ok(Some(Value::Constant(constant?))),
            None => Err(node.refuse(format!("reads '{name}', which nothing before it gives"))),
        }
    }

    pub fn needed(&self, node: &Node, index: usize) -> Result<Value, ImportError> {
        self.get(node, index)?.ok_or_else(|| node.refuse(format!("has no input {index}")))
    }

    /// An input that is an activation.
    pub fn flow(&self, node: &Node, index: usize) -> Result<Flow, ImportError> {
        match self.needed(node, index)? {
            Value::Flow(flow) => usable(node, flow),
            Value::Constant(_) => Err(node.refuse(format!("its input {index} is a constant"))),
        }
    }

    /// An input that is an activation of channels, rows and columns.
    pub fn image(&self, node: &Node, index: usize) -> Result<Flow, ImportError> {
        let flow = self.flow(node, index)?;
        if flow.is_image() {
            return Ok(flow);
        }
        Err(node.refuse("its input is not a batch of channels, rows and columns"))
    }

    /// An input that is constant numbers.
    pub fn floats(&self, node: &Node, index: usize) -> Result<Option<Floats>, ImportError> {
        match self.get(node, index)? {
            None => Ok(None),
            Some(Value::Constant(Constant { shape, data: Data::Floats(values) })) => {
                Ok(Some((shape, values)))
            }
            Some(_) => {
                let reason = format!("its input '{}' is not constant numbers", node.inputs[index]);
                Err(node.refuse(reason))
            }
        }
    }

    pub fn needed_floats(&self, node: &Node, index: usize) -> Result<Floats, ImportError> {
        self.floats(node, index)?.ok_or_else(|| node.refuse(format!("has no input {index}")))
    }

    /// Whole numbers from an attribute or, in later versions of an op, from an input.
    pub fn ints(&self, node: &Node, attribute: &str, index: usize) -> Result<Option<Vec<i64>>, ImportError> {
        if let Some(ints) = node.ints(attribute) {
            return Ok(Some(ints.to_vec()));
        }
        match self.get(node, index)? {
            None => Ok(None),
            Some(Value::Constant(Constant { data: Data::Ints(values), .. })) => Ok(Some(values)),
            Some(_) => {
                let reason = format!("its input '{}' is not constant whole numbers", node.inputs[index]);
                Err(node.refuse(reason))
            }
        }
    }
}

/// Refuses to go on behind probabilities, but for what only gives them another shape.
fn usable(node: &Node, flow: Flow) -> Result<Flow, ImportError> {
    let neutral = ["Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze"].contains(&&node.op[..]);
    match &flow.softmax {
        Some(name) if !neutral => {
            Err(node
                .refuse(format!("reads probabilities of '{name}', which only the end of a network may give")))
        }
        _ => Ok(flow),
    }
}

/// Constant numbers that broadcast to one a channel of an activation, as those.
pub(crate) fn per_channel(
    node: &Node,
    flow: &Flow,
    (shape, values): Floats,
) -> Result<Vec<f32>, ImportError> {
    let channels = flow.shape.channels;
    if values.len() == 1 {
        return Ok(vec![values[0]; channels]);
    }
    let refused = || {
        let reason =
            format!("its constant of shape {shape:?} is not one number a channel of {:?}", flow.extents());
        node.refuse(reason)
    };
    let long: Vec<usize> = (0..shape.len()).filter(|&dim| shape[dim] != 1).collect();
    let &[dim] = &long[..] else { return Err(refused()) };
    // Dimensions match from the last one on; the flow's have no batch.
    let matching = (flow.dims.len() + dim).checked_sub(shape.len()).ok_or_else(refused)?;
    if values.len() == channels && flow.is_channels(matching) { Ok(values) } else { Err(refused()) }
}

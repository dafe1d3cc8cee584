//! Values of an ONNX graph's tensors, by name.

use std::collections::HashMap;

use crate::import::{
    ImportError,
    activation::ActivationView,
    constant::{ConstantData, ConstantTensor},
    node::OnnxNode,
    source::OnnxFile,
};

/// Placeholder for the batch size among the numbers of a shape.
pub(crate) const BATCH: i64 = i64::MIN;

/// A tensor.
#[derive(Clone)]
pub(crate) enum TensorValue {
    Activation(ActivationView),
    Constant(ConstantTensor),
    /// Where an activation is at least 0.
    NotNegative(ActivationView),
    /// An activation in integers, which is that activation between the least and the greatest of them.
    Integers(IntegerView),
    /// An activation on its way to levels of a few bits.
    Level(PartialLevel),
}

/// An activation in integers, `round(x / scale) + zero`.
#[derive(Clone)]
pub(crate) struct IntegerView {
    pub activation: ActivationView,
    pub scale: f32,
    pub zero: i64,
}

/// An activation divided by a step, and rounded as far as it says.
#[derive(Clone)]
pub(crate) struct PartialLevel {
    pub activation: ActivationView,
    pub step: f32,
    pub stage: LevelStage,
    /// Highest level, once it is limited to 0 and that.
    pub highest: Option<f32>,
}

/// Rounding of a [`PartialLevel`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LevelStage {
    Divided,
    /// With a half added.
    Raised,
    Whole,
}

/// Shape and elements of constant numbers.
pub(crate) type FloatTensor = (Vec<usize>, Vec<f32>);

/// The tensors so far.
pub(crate) struct GraphValues<'a> {
    pub source: &'a OnnxFile,
    known: HashMap<String, TensorValue>,
}

impl<'a> GraphValues<'a> {
    pub(crate) fn new(source: &'a OnnxFile) -> Self {
        Self { source, known: HashMap::new() }
    }

    pub(crate) fn set(&mut self, name: &str, value: TensorValue) {
        self.known.insert(name.to_owned(), value);
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&TensorValue> {
        self.known.get(name)
    }

    /// Input `index` of a node; `None` if it is left out.
    pub(crate) fn get(&self, node: &OnnxNode, index: usize) -> Result<Option<TensorValue>, ImportError> {
        let Some(name) = node.input(index) else { return Ok(None) };
        if let Some(value) = self.known.get(name) {
            return Ok(Some(value.clone()));
        }
        match self.source.initializer(name) {
            Some(constant) => Ok(Some(TensorValue::Constant(constant?))),
            None => Err(node.refuse(format!("reads '{name}', which nothing before it gives"))),
        }
    }

    pub(crate) fn needed(&self, node: &OnnxNode, index: usize) -> Result<TensorValue, ImportError> {
        self.get(node, index)?.ok_or_else(|| node.refuse(format!("has no input {index}")))
    }

    /// An input that is an activation.
    pub(crate) fn activation(&self, node: &OnnxNode, index: usize) -> Result<ActivationView, ImportError> {
        match self.needed(node, index)? {
            TensorValue::Activation(activation) => usable(node, activation),
            TensorValue::Constant(_) => Err(node.refuse(format!("its input {index} is a constant"))),
            TensorValue::NotNegative(_) | TensorValue::Integers(_) | TensorValue::Level(_) => Err(node
                .refuse(format!("its input {index} is no activation but a part of a sign or of rounding"))),
        }
    }

    /// Input that is an activation with dimensions channels, rows and columns.
    pub(crate) fn image(&self, node: &OnnxNode, index: usize) -> Result<ActivationView, ImportError> {
        let activation = self.activation(node, index)?;
        if activation.is_image() {
            return Ok(activation);
        }
        Err(node.refuse("its input is not a batch of channels, rows and columns"))
    }

    /// An input that is constant numbers.
    pub(crate) fn floats(&self, node: &OnnxNode, index: usize) -> Result<Option<FloatTensor>, ImportError> {
        match self.get(node, index)? {
            None => Ok(None),
            Some(TensorValue::Constant(ConstantTensor { shape, data: ConstantData::Floats(values) })) => {
                Ok(Some((shape, values)))
            }
            Some(_) => {
                let reason = format!("its input '{}' is not constant numbers", node.inputs[index]);
                Err(node.refuse(reason))
            }
        }
    }

    pub(crate) fn needed_floats(&self, node: &OnnxNode, index: usize) -> Result<FloatTensor, ImportError> {
        self.floats(node, index)?.ok_or_else(|| node.refuse(format!("has no input {index}")))
    }

    /// Integers from an attribute or, in later versions of an op, from an input.
    pub(crate) fn ints(
        &self,
        node: &OnnxNode,
        attribute: &str,
        index: usize,
    ) -> Result<Option<Vec<i64>>, ImportError> {
        if let Some(ints) = node.ints(attribute) {
            return Ok(Some(ints.to_vec()));
        }
        match self.get(node, index)? {
            None => Ok(None),
            Some(TensorValue::Constant(ConstantTensor { data: ConstantData::Ints(values), .. })) => {
                Ok(Some(values))
            }
            Some(_) => {
                let reason = format!("its input '{}' is not constant whole numbers", node.inputs[index]);
                Err(node.refuse(reason))
            }
        }
    }
}

/// Rejects ops on probabilities other than changes of shape.
fn usable(node: &OnnxNode, activation: ActivationView) -> Result<ActivationView, ImportError> {
    let neutral = ["Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze"].contains(&&node.op[..]);
    match &activation.softmax {
        Some(name) if !neutral => {
            Err(node
                .refuse(format!("reads probabilities of '{name}', which only the end of a network may give")))
        }
        _ => Ok(activation),
    }
}

/// Broadcasts constant numbers to one per channel of an activation.
pub(crate) fn per_channel(
    node: &OnnxNode,
    activation: &ActivationView,
    (shape, values): FloatTensor,
) -> Result<Vec<f32>, ImportError> {
    let channels = activation.shape.channels;
    if values.len() == 1 {
        return Ok(vec![values[0]; channels]);
    }
    let refused = || {
        let reason = format!(
            "its constant of shape {shape:?} is not one number a channel of {:?}",
            activation.extents()
        );
        node.refuse(reason)
    };
    let long: Vec<usize> = (0..shape.len()).filter(|&dim| shape[dim] != 1).collect();
    let &[dim] = &long[..] else { return Err(refused()) };
    // Dimensions match from the last one on; the flow's have no batch.
    let matching = (activation.dims.len() + dim).checked_sub(shape.len()).ok_or_else(refused)?;
    if values.len() == channels && activation.is_channels(matching) { Ok(values) } else { Err(refused()) }
}

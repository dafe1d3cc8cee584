//! Pointwise ops, including those that are pointwise at inference.

use std::collections::BTreeMap;

use dabnet_graph::Op;

use super::{OpResult, dimension, pool::canvas_channel};
use crate::import::{
    activation::ActivationView,
    constant::{ConstantData, ConstantTensor},
    graph_values::{GraphValues, TensorValue, per_channel},
    network::NetworkBuilder,
    node::OnnxNode,
};

pub(super) fn relu(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    function(node, values, network, Op::Relu)
}

pub(super) fn tanh(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    function(node, values, network, Op::Tanh)
}

pub(super) fn sigmoid(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    function(node, values, network, Op::Sigmoid)
}

/// Adds an op without parameters behind the node's only input.
pub(super) fn function(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
    op: Op,
) -> OpResult {
    let activation = canvas_channel(node, network, values.activation(node, 0)?)?;
    let id = network.push(node, node.name(), op, vec![activation.node])?;
    Ok(TensorValue::Activation(activation.through(id)))
}

pub(super) fn clip(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&["max", "min"])?;
    let bound = |name: &str, index: usize| match (node.float(name), values.floats(node, index)?) {
        (Some(bound), _) => Ok(Some(bound)),
        (None, Some((_, bounds))) if bounds.len() == 1 => Ok(Some(bounds[0])),
        (None, Some((shape, _))) => Err(node.refuse(format!("{name} has shape {shape:?}, not one number"))),
        (None, None) => Ok(None),
    };
    let [low, high] = [bound("min", 1)?, bound("max", 2)?];
    if low.is_none_or(|low| low <= f32::MIN) && high.is_none_or(|high| high >= f32::MAX) {
        return Ok(TensorValue::Activation(values.activation(node, 0)?));
    }
    if low == Some(0.0) && high.is_none_or(|high| high >= f32::MAX) {
        return function(node, values, network, Op::Relu);
    }
    let low = low.unwrap_or(f32::MIN).max(f32::MIN);
    let high = high.unwrap_or(f32::MAX).min(f32::MAX);
    function(node, values, network, Op::Clip { low, high })
}

pub(super) fn prelu(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    let activation = canvas_channel(node, network, values.activation(node, 0)?)?;
    let slope = per_channel(node, &activation, values.needed_floats(node, 1)?)?;
    push_prelu(node, network, activation, slope)
}

pub(super) fn leaky_relu(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
) -> OpResult {
    node.only(&["alpha"])?;
    let activation = canvas_channel(node, network, values.activation(node, 0)?)?;
    let slope = vec![node.float("alpha").unwrap_or(0.01); activation.shape.channels];
    push_prelu(node, network, activation, slope)
}

/// Adds an RPReLU whose slope below zero is `slope`.
fn push_prelu(
    node: &OnnxNode,
    network: &mut NetworkBuilder,
    activation: ActivationView,
    slope: Vec<f32>,
) -> OpResult {
    let zeros = || vec![0.0; slope.len()];
    let values = BTreeMap::from([("threshold", zeros()), ("shift", zeros()), ("slope", slope)]);
    let id = network.push_channels(node, node.name(), Op::RPReLU, activation.node, values)?;
    Ok(TensorValue::Activation(activation.through(id)))
}

pub(super) fn batch_norm(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
) -> OpResult {
    node.only(&["epsilon", "momentum", "spatial", "training_mode", "is_test", "consumed_inputs"])?;
    node.expect("training_mode", 0)?;
    node.expect("spatial", 1)?;
    let activation = canvas_channel(node, network, values.activation(node, 0)?)?;
    let channels = activation.shape.channels;
    if activation.dims.is_empty() || !activation.is_channels(0) {
        return Err(node.refuse("the dimension after the batch is not its channels"));
    }
    let epsilon = node.float("epsilon").unwrap_or(1e-5);
    let row = |index: usize| match values.needed_floats(node, index)? {
        (_, row) if row.len() == channels => Ok(row),
        (_, row) => Err(node.refuse(format!("has {} values for {channels} channels", row.len()))),
    };
    let [gamma, beta, mean, variance] = [row(1)?, row(2)?, row(3)?, row(4)?];
    let scale = |channel: usize| f64::from(gamma[channel]) / f64::from(variance[channel] + epsilon).sqrt();
    let shift = |channel: usize| f64::from(beta[channel]) - f64::from(mean[channel]) * scale(channel);
    let folded = BTreeMap::from([
        ("scale", (0..channels).map(|channel| scale(channel) as f32).collect()),
        ("shift", (0..channels).map(|channel| shift(channel) as f32).collect()),
    ]);
    // Training alone reads it, and needs one above zero.
    let op = Op::BatchNorm { epsilon: epsilon.max(1e-12) };
    let id = network.push_channels(node, &super::conv::layer_name(node, 1), op, activation.node, folded)?;
    Ok(TensorValue::Activation(activation.through(id)))
}

/// Returns the input: labels rank the same without the softmax, which is applied where probabilities are
/// needed.
pub(super) fn softmax(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["axis"])?;
    let activation = values.activation(node, 0)?;
    let default = if node.opset < 13 { 1 } else { -1 };
    let dim = dimension(node, node.int("axis", default), activation.dims.len() + 1)?;
    // Before version 13 it went over all dimensions from the axis on.
    if activation.shape.positions() != 1 || dim == 0 || !activation.is_channels(dim - 1) {
        return Err(node.refuse("is not over labels; only one at the end of a network can be left out"));
    }
    Ok(TensorValue::Activation(ActivationView { softmax: Some(node.name().to_owned()), ..activation }))
}

/// True if a constant is of floating-point numbers.
pub(super) fn is_floats(value: &TensorValue) -> bool {
    matches!(value, TensorValue::Constant(ConstantTensor { data: ConstantData::Floats(_), .. }))
}

//! Functions of single values, and what is one at inference.

use std::collections::BTreeMap;

use dabnet_graph::Op;

use super::{dimension, pool::grey};
use crate::{
    ImportError,
    constant::{Constant, Data},
    flow::Flow,
    network::Network,
    node::Node,
    values::{Value, Values, per_channel},
};

pub(super) fn relu(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    node.only(&[])?;
    function(node, values, network, Op::Relu)
}

pub(super) fn tanh(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    node.only(&[])?;
    function(node, values, network, Op::Tanh)
}

pub(super) fn sigmoid(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    node.only(&[])?;
    function(node, values, network, Op::Sigmoid)
}

fn function(node: &Node, values: &Values<'_>, network: &mut Network, op: Op) -> Result<Value, ImportError> {
    let flow = grey(node, network, values.flow(node, 0)?)?;
    let id = network.push(node, node.name(), op, vec![flow.node])?;
    Ok(Value::Flow(flow.through(id)))
}

pub(super) fn clip(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    node.only(&["max", "min"])?;
    let bound = |name: &str, index: usize| match (node.float(name), values.floats(node, index)?) {
        (Some(bound), _) => Ok(Some(bound)),
        (None, Some((_, bounds))) if bounds.len() == 1 => Ok(Some(bounds[0])),
        (None, Some((shape, _))) => Err(node.refuse(format!("{name} has shape {shape:?}, not one number"))),
        (None, None) => Ok(None),
    };
    let [low, high] = [bound("min", 1)?, bound("max", 2)?];
    if low.is_none_or(|low| low <= f32::MIN) && high.is_none_or(|high| high >= f32::MAX) {
        return Ok(Value::Flow(values.flow(node, 0)?));
    }
    if low == Some(0.0) && high.is_none_or(|high| high >= f32::MAX) {
        return function(node, values, network, Op::Relu);
    }
    let low = low.unwrap_or(f32::MIN).max(f32::MIN);
    let high = high.unwrap_or(f32::MAX).min(f32::MAX);
    function(node, values, network, Op::Clip { low, high })
}

pub(super) fn prelu(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    node.only(&[])?;
    let flow = grey(node, network, values.flow(node, 0)?)?;
    let slope = per_channel(node, &flow, values.needed_floats(node, 1)?)?;
    bent(node, network, flow, slope)
}

pub(super) fn leaky_relu(
    node: &Node,
    values: &Values<'_>,
    network: &mut Network,
) -> Result<Value, ImportError> {
    node.only(&["alpha"])?;
    let flow = grey(node, network, values.flow(node, 0)?)?;
    let slope = vec![node.float("alpha").unwrap_or(0.01); flow.shape.channels];
    bent(node, network, flow, slope)
}

/// A slope below zero that is another than above.
fn bent(node: &Node, network: &mut Network, flow: Flow, slope: Vec<f32>) -> Result<Value, ImportError> {
    let zeros = || vec![0.0; slope.len()];
    let values = BTreeMap::from([("threshold", zeros()), ("shift", zeros()), ("slope", slope)]);
    let id = network.push_channels(node, node.name(), Op::RPReLU, flow.node, values)?;
    Ok(Value::Flow(flow.through(id)))
}

pub(super) fn batch_norm(
    node: &Node,
    values: &Values<'_>,
    network: &mut Network,
) -> Result<Value, ImportError> {
    node.only(&["epsilon", "momentum", "spatial", "training_mode", "is_test", "consumed_inputs"])?;
    node.expect("training_mode", 0)?;
    node.expect("spatial", 1)?;
    let flow = grey(node, network, values.flow(node, 0)?)?;
    let channels = flow.shape.channels;
    if flow.dims.is_empty() || !flow.is_channels(0) {
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
    let id = network.push_channels(node, &super::conv::layer_name(node, 1), op, flow.node, folded)?;
    Ok(Value::Flow(flow.through(id)))
}

/// What it reads: labels are ranked by that just as well, and probabilities made of it where they are wanted.
pub(super) fn softmax(node: &Node, values: &Values<'_>) -> Result<Value, ImportError> {
    node.only(&["axis"])?;
    let flow = values.flow(node, 0)?;
    let default = if node.opset < 13 { 1 } else { -1 };
    let dim = dimension(node, node.int("axis", default), flow.dims.len() + 1)?;
    // Before version 13 it went over all dimensions from the axis on.
    if flow.shape.positions() != 1 || dim == 0 || !flow.is_channels(dim - 1) {
        return Err(node.refuse("is not over labels; only one at the end of a network can be left out"));
    }
    Ok(Value::Flow(Flow { softmax: Some(node.name().to_owned()), ..flow }))
}

/// Whether a constant is numbers of floating point.
pub(super) fn is_floats(value: &Value) -> bool {
    matches!(value, Value::Constant(Constant { data: Data::Floats(_), .. }))
}

//! Ops that combine tensors.

use dabnet_graph::Op;

use super::{OpResult, conv::layer_name, dimension, pointwise::is_floats, pool::canvas_channel};
use crate::import::{
    activation::{ActivationAxis, ActivationView},
    constant::{ConstantData, ConstantTensor},
    graph_values::{GraphValues, TensorValue, per_channel},
    network::NetworkBuilder,
    node::OnnxNode,
};

/// Sum of two activations, or of one and a number per channel.
pub(super) fn add(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    let [first, second] = [values.needed(node, 0)?, values.needed(node, 1)?];
    let (activation, constant) = match (is_floats(&first), is_floats(&second)) {
        (false, true) => (0, 1),
        (true, false) => (1, 0),
        _ => return sum(node, values, network),
    };
    let activation = canvas_channel(node, network, values.activation(node, activation)?)?;
    let bias = per_channel(node, &activation, values.needed_floats(node, constant)?)?;
    let named = node.input(constant).and_then(|name| name.strip_suffix(".bias"));
    let name = named.map_or_else(|| layer_name(node, constant), |layer| format!("{layer}.bias"));
    Ok(TensorValue::Activation(network.push_bias(node, &name, activation, bias)?))
}

fn sum(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    let [first, second] = [values.activation(node, 0)?, values.activation(node, 1)?];
    let [first, second] = [canvas_channel(node, network, first)?, canvas_channel(node, network, second)?];
    if first.shape != second.shape || first.dims != second.dims {
        let reason =
            format!("adds extents {:?} and {:?}, or others in order", first.extents(), second.extents());
        return Err(node.refuse(reason));
    }
    let id = network.push(node, node.name(), Op::Add, vec![first.node, second.node])?;
    Ok(TensorValue::Activation(first.through(id)))
}

/// Concatenation of channels, or of the numbers of a shape.
pub(super) fn concat(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&["axis"])?;
    if matches!(values.needed(node, 0)?, TensorValue::Constant(_)) {
        return numbers(node, values);
    }
    let activations =
        (0..node.inputs.len()).map(|index| canvas_channel(node, network, values.activation(node, index)?));
    let activations = activations.collect::<Result<Vec<ActivationView>, _>>()?;
    let axis = if node.opset < 4 { node.int("axis", 1) } else { node.int("axis", i64::MIN) };
    let dim = dimension(node, axis, activations[0].dims.len() + 1)?;
    let dims = |activation: &ActivationView| {
        let mut dims = activation.dims.clone();
        dims[dim - 1] = vec![ActivationAxis::Channel];
        dims
    };
    let alike = |activation: &&ActivationView| {
        let is_like_first = activation.dims.len() == activations[0].dims.len()
            && (activation.shape.height, activation.shape.width)
                == (activations[0].shape.height, activations[0].shape.width);
        dim > 0
            && is_like_first
            && activation.is_channels(dim - 1)
            && dims(activation) == dims(&activations[0])
    };
    if let Some(other) = activations.iter().find(|activation| !alike(activation)) {
        let reason = format!(
            "axis {axis} of extents {:?} and {:?} is not channels alone",
            activations[0].extents(),
            other.extents()
        );
        return Err(node.refuse(reason));
    }
    if let [activation] = &activations[..] {
        return Ok(TensorValue::Activation(activation.clone()));
    }
    let id = network.push(
        node,
        node.name(),
        Op::Concat,
        activations.iter().map(|activation| activation.node).collect(),
    )?;
    Ok(TensorValue::Activation(ActivationView::ordered(id, network.shape(id), &dims(&activations[0]))))
}

fn numbers(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    let mut all = Vec::new();
    for index in 0..node.inputs.len() {
        match values.needed(node, index)? {
            TensorValue::Constant(ConstantTensor { shape, data: ConstantData::Ints(ints) })
                if shape.len() == 1 =>
            {
                all.extend(ints)
            }
            _ => return Err(node.refuse("puts a constant beside an activation")),
        }
    }
    Ok(TensorValue::Constant(ConstantTensor::of_ints(all)))
}

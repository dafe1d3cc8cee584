//! What puts tensors together.

use dabnet_graph::Op;

use super::{conv::layer_name, dimension, pointwise::is_floats, pool::grey};
use crate::{
    ImportError,
    constant::{Constant, Data},
    flow::{Axis, Flow},
    network::Network,
    node::Node,
    values::{Value, Values, per_channel},
};

/// The sum of two activations, or of one and a number per channel.
pub(super) fn add(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    node.only(&[])?;
    let [first, second] = [values.needed(node, 0)?, values.needed(node, 1)?];
    let (activation, constant) = match (is_floats(&first), is_floats(&second)) {
        (false, true) => (0, 1),
        (true, false) => (1, 0),
        _ => return sum(node, values, network),
    };
    let flow = grey(node, network, values.flow(node, activation)?)?;
    let bias = per_channel(node, &flow, values.needed_floats(node, constant)?)?;
    let named = node.input(constant).and_then(|name| name.strip_suffix(".bias"));
    let name = named.map_or_else(|| layer_name(node, constant), |layer| format!("{layer}.bias"));
    Ok(Value::Flow(network.push_bias(node, &name, flow, bias)?))
}

fn sum(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    let [first, second] = [values.flow(node, 0)?, values.flow(node, 1)?];
    let [first, second] = [grey(node, network, first)?, grey(node, network, second)?];
    if first.shape != second.shape || first.dims != second.dims {
        let reason =
            format!("adds extents {:?} and {:?}, or others in order", first.extents(), second.extents());
        return Err(node.refuse(reason));
    }
    let id = network.push(node, node.name(), Op::Add, vec![first.node, second.node])?;
    Ok(Value::Flow(first.through(id)))
}

/// Channels one after another; or numbers of a shape.
pub(super) fn concat(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    node.only(&["axis"])?;
    if matches!(values.needed(node, 0)?, Value::Constant(_)) {
        return numbers(node, values);
    }
    let flows = (0..node.inputs.len()).map(|index| grey(node, network, values.flow(node, index)?));
    let flows = flows.collect::<Result<Vec<Flow>, _>>()?;
    let axis = if node.opset < 4 { node.int("axis", 1) } else { node.int("axis", i64::MIN) };
    let dim = dimension(node, axis, flows[0].dims.len() + 1)?;
    let dims = |flow: &Flow| {
        let mut dims = flow.dims.clone();
        dims[dim - 1] = vec![Axis::Channel];
        dims
    };
    let alike = |flow: &&Flow| {
        let is_like_first = flow.dims.len() == flows[0].dims.len()
            && (flow.shape.height, flow.shape.width) == (flows[0].shape.height, flows[0].shape.width);
        dim > 0 && is_like_first && flow.is_channels(dim - 1) && dims(flow) == dims(&flows[0])
    };
    if let Some(other) = flows.iter().find(|flow| !alike(flow)) {
        let reason = format!(
            "axis {axis} of extents {:?} and {:?} is not channels alone",
            flows[0].extents(),
            other.extents()
        );
        return Err(node.refuse(reason));
    }
    if let [flow] = &flows[..] {
        return Ok(Value::Flow(flow.clone()));
    }
    let id = network.push(node, node.name(), Op::Concat, flows.iter().map(|flow| flow.node).collect())?;
    Ok(Value::Flow(Flow::ordered(id, network.shape(id), &dims(&flows[0]))))
}

fn numbers(node: &Node, values: &Values<'_>) -> Result<Value, ImportError> {
    let mut all = Vec::new();
    for index in 0..node.inputs.len() {
        match values.needed(node, index)? {
            Value::Constant(Constant { shape, data: Data::Ints(ints) }) if shape.len() == 1 => {
                all.extend(ints)
            }
            _ => return Err(node.refuse("puts a constant beside an activation")),
        }
    }
    Ok(Value::Constant(Constant::of_ints(all)))
}

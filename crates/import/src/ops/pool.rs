//! Poolings.

use dabnet_graph::{Conv2d, Op, Precision, WeightFormat};

use super::{
    dimension,
    windows::{Windows, kernel, pair},
};
use crate::{
    ImportError,
    flow::{Axis, Flow},
    network::Network,
    node::Node,
    values::{Value, Values},
};

pub(super) fn max(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    let known = ["auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"];
    node.only(&known)?;
    node.expect("storage_order", 0)?;
    let (input, side, windows, _) = windows(node, values, network)?;
    let op = Op::MaxPool { kernel: side, stride: windows.stride, padding: windows.padding };
    let id = network.push(node, node.name(), op, vec![input.node])?;
    Ok(Value::Flow(Flow::image(id, network.shape(id))))
}

pub(super) fn average(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
    let known =
        ["auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"];
    node.only(&known)?;
    let (input, side, windows, stretched) = windows(node, values, network)?;
    let Windows { stride, padding, .. } = windows;
    let counts = node.int("count_include_pad", 0) != 0;
    let id = if !counts || padding.is_none() {
        network.push(node, node.name(), Op::AvgPool { kernel: side, stride, padding }, vec![input.node])?
    } else if stretched {
        return Err(node.refuse("ceil_mode together with count_include_pad cannot be imported"));
    } else {
        // Zeros that count: a filter for each channel, all weights alike.
        let channels = input.shape.channels;
        let conv = Conv2d {
            out_channels: channels,
            kernel: side,
            stride,
            padding,
            groups: channels,
            precision: Precision::Full,
            weight_format: WeightFormat::F32,
        };
        let weight = 1.0 / (side * side) as f32;
        network.push_conv(node, node.name(), conv, input.node, vec![weight; channels * side * side])?
    };
    Ok(Value::Flow(Flow::image(id, network.shape(id))))
}

/// What a pooling reads, the side of its windows, how they lie, and whether rounding up adds some.
fn windows(
    node: &Node,
    values: &Values<'_>,
    network: &Network,
) -> Result<(Flow, usize, Windows, bool), ImportError> {
    let input = grey(node, network, values.image(node, 0)?)?;
    let [height, width] = kernel(node)?;
    if height != width {
        let reason = format!("kernel_shape is [{height}, {width}]; only square ones can be imported");
        return Err(node.refuse(reason));
    }
    if pair(node, "dilations", 1)? != [1, 1] {
        return Err(node.refuse("dilations are not 1"));
    }
    let windows = Windows::new(node, [height; 2], [1; 2], input.shape)?;
    let (windows, stretched) =
        if node.int("ceil_mode", 0) == 0 { (windows, false) } else { windows.with_last(input.shape) };
    Ok((input, height, windows, stretched))
}

pub(super) fn global_average(
    node: &Node,
    values: &Values<'_>,
    network: &mut Network,
) -> Result<Value, ImportError> {
    node.only(&[])?;
    let input = grey(node, network, values.image(node, 0)?)?;
    let id = network.push(node, node.name(), Op::GlobalAvgPool, vec![input.node])?;
    Ok(Value::Flow(Flow::image(id, network.shape(id))))
}

pub(super) fn reduce_mean(
    node: &Node,
    values: &Values<'_>,
    network: &mut Network,
) -> Result<Value, ImportError> {
    node.only(&["axes", "keepdims", "noop_with_empty_axes"])?;
    let input = grey(node, network, values.flow(node, 0)?)?;
    let axes = values.ints(node, "axes", 1)?.unwrap_or_default();
    let rank = input.dims.len() + 1;
    let axes = axes.iter().map(|&axis| dimension(node, axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let reduced: Vec<Axis> =
        axes.iter().filter(|&&axis| axis > 0).flat_map(|&axis| input.dims[axis - 1].clone()).collect();
    let places: Vec<Axis> = input.order().into_iter().filter(|axis| *axis != Axis::Channel).collect();
    let whole = places.iter().all(|axis| reduced.contains(axis)) && !reduced.contains(&Axis::Channel);
    if axes.is_empty() || axes.contains(&0) || !whole {
        return Err(node.refuse(format!("axes {axes:?} are not rows and columns")));
    }
    let keeps = node.int("keepdims", 1) != 0;
    let dims = input.dims.iter().enumerate();
    let dims: Vec<Vec<Axis>> = dims
        .filter(|(dim, _)| keeps || !axes.contains(&(dim + 1)))
        .map(|(dim, axes_of)| if axes.contains(&(dim + 1)) { vec![] } else { axes_of.clone() })
        .collect();
    let id = network.push(node, node.name(), Op::GlobalAvgPool, vec![input.node])?;
    Ok(Value::Flow(Flow::ordered(id, network.shape(id), &dims)))
}

/// The same, if it is not a canvas in three channels, of which only a convolution makes one.
pub(super) fn grey(node: &Node, network: &Network, flow: Flow) -> Result<Flow, ImportError> {
    if flow.shape == network.shape(flow.node) {
        return Ok(flow);
    }
    Err(node.refuse("reads three equal channels; only a convolution can"))
}

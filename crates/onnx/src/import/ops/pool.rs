//! Poolings.

use dabnet_graph::{Conv2d, Op, Precision, WeightFormat};

use super::{
    OpResult, dimension,
    windows::{WindowGeometry, kernel, pair},
};
use crate::import::{
    ImportError,
    activation::{ActivationAxis, ActivationView},
    graph_values::{GraphValues, TensorValue},
    network::NetworkBuilder,
    node::OnnxNode,
};

pub(super) fn max(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    let known = ["auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"];
    node.only(&known)?;
    node.expect("storage_order", 0)?;
    let (input, side, windows, _) = windows(node, values, network)?;
    let op = Op::MaxPool { kernel: side, stride: windows.stride, padding: windows.padding };
    let id = network.push(node, node.name(), op, vec![input.node])?;
    Ok(TensorValue::Activation(ActivationView::image(id, network.shape(id))))
}

pub(super) fn average(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    let known =
        ["auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"];
    node.only(&known)?;
    let (input, side, windows, stretched) = windows(node, values, network)?;
    let WindowGeometry { stride, padding, .. } = windows;
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
    Ok(TensorValue::Activation(ActivationView::image(id, network.shape(id))))
}

/// Input, kernel and windows of a pooling, with true if rounding up adds windows.
fn windows(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &NetworkBuilder,
) -> Result<(ActivationView, usize, WindowGeometry, bool), ImportError> {
    let input = canvas_channel(node, network, values.image(node, 0)?)?;
    let [height, width] = kernel(node)?;
    if height != width {
        let reason = format!("kernel_shape is [{height}, {width}]; only square ones can be imported");
        return Err(node.refuse(reason));
    }
    if pair(node, "dilations", 1)? != [1, 1] {
        return Err(node.refuse("dilations are not 1"));
    }
    let windows = WindowGeometry::new(node, [height; 2], [1; 2], input.shape)?;
    let (windows, stretched) =
        if node.int("ceil_mode", 0) == 0 { (windows, false) } else { windows.with_last(input.shape) };
    Ok((input, height, windows, stretched))
}

pub(super) fn global_average(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
) -> OpResult {
    node.only(&[])?;
    let input = canvas_channel(node, network, values.image(node, 0)?)?;
    let id = network.push(node, node.name(), Op::GlobalAvgPool, vec![input.node])?;
    Ok(TensorValue::Activation(ActivationView::image(id, network.shape(id))))
}

pub(super) fn reduce_mean(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
) -> OpResult {
    node.only(&["axes", "keepdims", "noop_with_empty_axes"])?;
    let input = canvas_channel(node, network, values.activation(node, 0)?)?;
    let axes = values.ints(node, "axes", 1)?.unwrap_or_default();
    let rank = input.dims.len() + 1;
    let axes = axes.iter().map(|&axis| dimension(node, axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let reduced: Vec<ActivationAxis> =
        axes.iter().filter(|&&axis| axis > 0).flat_map(|&axis| input.dims[axis - 1].clone()).collect();
    let places: Vec<ActivationAxis> =
        input.order().into_iter().filter(|axis| *axis != ActivationAxis::Channel).collect();
    let whole =
        places.iter().all(|axis| reduced.contains(axis)) && !reduced.contains(&ActivationAxis::Channel);
    if axes.is_empty() || axes.contains(&0) || !whole {
        return Err(node.refuse(format!("axes {axes:?} are not rows and columns")));
    }
    let keeps = node.int("keepdims", 1) != 0;
    let dims = input.dims.iter().enumerate();
    let dims: Vec<Vec<ActivationAxis>> = dims
        .filter(|(dim, _)| keeps || !axes.contains(&(dim + 1)))
        .map(|(dim, axes_of)| if axes.contains(&(dim + 1)) { vec![] } else { axes_of.clone() })
        .collect();
    let id = network.push(node, node.name(), Op::GlobalAvgPool, vec![input.node])?;
    Ok(TensorValue::Activation(ActivationView::ordered(id, network.shape(id), &dims)))
}

/// Rejects a canvas in three channels, which only a convolution can read.
pub(super) fn canvas_channel(
    node: &OnnxNode,
    network: &NetworkBuilder,
    activation: ActivationView,
) -> Result<ActivationView, ImportError> {
    if activation.shape == network.shape(activation.node) {
        return Ok(activation);
    }
    Err(node.refuse("reads three equal channels; only a convolution can"))
}

//! Convolutions.

use dabnet_graph::{Conv2d, Padding, Precision, Shape, WeightFormat};

use super::{
    OpResult,
    windows::{WindowGeometry, pair},
};
use crate::import::{
    ImportError,
    activation::ActivationView,
    graph_values::{GraphValues, TensorValue},
    network::NetworkBuilder,
    node::OnnxNode,
};

/// Upper bound of a kernel's side after zero filling, for kernels that are not square or are dilated.
const MAX_FILLED: usize = 15;

const ATTRIBUTES: [&str; 6] = ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"];

pub(super) fn conv(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&ATTRIBUTES)?;
    let input = values.image(node, 0)?;
    let (shape, weights) = values.needed_floats(node, 1)?;
    let &[filters, channels, height, width] = &shape[..] else {
        let reason =
            format!("its weights have {} dimensions; only convolutions in 2 can be imported", shape.len());
        return Err(node.refuse(reason));
    };
    let kernel = [height, width];
    if node.has("kernel_shape") && pair(node, "kernel_shape", 1)? != kernel {
        return Err(node.refuse(format!("kernel_shape is not the {kernel:?} of its weights")));
    }
    let groups = usize::try_from(node.int("group", 1)).ok().filter(|&groups| groups > 0);
    let groups = groups.ok_or_else(|| node.refuse("group is not positive"))?;
    if weights.is_empty() || channels.checked_mul(groups) != Some(input.shape.channels) {
        let reason = format!("weights of shape {shape:?} in {groups} groups do not fit {}", input.shape);
        return Err(node.refuse(reason));
    }
    let dilation = pair(node, "dilations", 1)?;
    let windows = WindowGeometry::new(node, kernel, dilation, input.shape)?;
    let weights = ConvWeights { values: weights, kernel, dilation };
    let name = layer_name(node, 1);
    let seen = network.shape(input.node).channels;
    let weights = weights.square(node, windows)?.merge_canvas_channels(node, channels, seen, groups)?;
    let conv = Conv2d {
        out_channels: filters,
        kernel: weights.kernel[0],
        stride: windows.stride,
        padding: squared(windows, weights.kernel[0]),
        groups,
        precision: Precision::Full,
        weight_format: WeightFormat::F32,
    };
    let id = network.push_conv(node, &name, conv, input.node, weights.values)?;
    let activation = ActivationView::image(id, network.shape(id));
    let Some((shape, bias)) = values.floats(node, 2)? else { return Ok(TensorValue::Activation(activation)) };
    if shape != [filters] {
        return Err(node.refuse(format!("its bias has shape {shape:?}, not [{filters}]")));
    }
    Ok(TensorValue::Activation(network.push_bias(node, &format!("{name}.bias"), activation, bias)?))
}

/// Name of a layer: that of its weights if it states one, as in files from PyTorch.
pub(super) fn layer_name(node: &OnnxNode, weights: usize) -> String {
    let layer = node.input(weights).and_then(|name| name.strip_suffix(".weight"));
    layer.filter(|name| !name.is_empty()).unwrap_or(node.name()).to_owned()
}

/// Padding of a square kernel whose additional rows and columns are at the end.
fn squared(windows: WindowGeometry, kernel: usize) -> Padding {
    let WindowGeometry { span: [rows, columns], padding, .. } = windows;
    Padding { bottom: padding.bottom + kernel - rows, right: padding.right + kernel - columns, ..padding }
}

/// Filters, row-major.
struct ConvWeights {
    values: Vec<f32>,
    kernel: [usize; 2],
    dilation: [usize; 2],
}

impl ConvWeights {
    /// Embeds the weights in square kernels without dilation, filled with zeros.
    fn square(self, node: &OnnxNode, windows: WindowGeometry) -> Result<Self, ImportError> {
        let Self { values, kernel: [height, width], dilation: [down, across] } = self;
        let [rows, columns] = windows.span;
        let side = rows.max(columns);
        if [height, width] == [side, side] {
            return Ok(Self { values, kernel: [side; 2], dilation: [1; 2] });
        }
        let tiles = values.len() / (height * width);
        if side > MAX_FILLED || tiles.saturating_mul(side * side) > Shape::MAX_ELEMENTS {
            return Err(node.refuse(format!(
                "kernel_shape [{height}, {width}] with dilations [{down}, {across}] would be a square of {side}; up \
                 to {MAX_FILLED} can be imported"
            )));
        }
        let mut filled = vec![0.0; tiles * side * side];
        for (index, value) in values.iter().enumerate() {
            let (tile, row, column) = (index / width / height, index / width % height, index % width);
            filled[(tile * side + row * down) * side + column * across] = *value;
        }
        Ok(Self { values: filled, kernel: [side; 2], dilation: [1; 2] })
    }

    /// Sums the weights over the `channels` copies of a canvas that the file's input has.
    fn merge_canvas_channels(
        self,
        node: &OnnxNode,
        channels: usize,
        seen: usize,
        groups: usize,
    ) -> Result<Self, ImportError> {
        if channels * groups == seen {
            return Ok(self);
        }
        if groups != 1 {
            return Err(node.refuse("reads three equal channels in groups"));
        }
        let taps = self.kernel[0] * self.kernel[1];
        let sum = |filter: &[f32]| -> Vec<f32> {
            let at = |tap: usize| {
                filter.iter().skip(tap).step_by(taps).map(|&it| f64::from(it)).sum::<f64>() as f32
            };
            (0..taps).map(at).collect()
        };
        let values = self.values.chunks(taps * channels).flat_map(sum).collect();
        Ok(Self { values, ..self })
    }
}

//! Convolutions.

use dabnet_graph::{Conv2d, Padding, Precision, Shape, WeightFormat};

use super::windows::{Windows, pair};
use crate::{
    ImportError,
    flow::Flow,
    network::Network,
    node::Node,
    values::{Value, Values},
};

/// The largest side of a kernel that zeros are filled in for, where it is not square or has holes.
const MAX_FILLED: usize = 15;

const ATTRIBUTES: [&str; 6] = ["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"];

pub(super) fn conv(node: &Node, values: &Values<'_>, network: &mut Network) -> Result<Value, ImportError> {
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
    let windows = Windows::new(node, kernel, dilation, input.shape)?;
    let weights = Weights { values: weights, kernel, dilation };
    let name = layer_name(node, 1);
    let seen = network.shape(input.node).channels;
    let weights = weights.square(node, windows)?.of_grey(node, channels, seen, groups)?;
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
    let flow = Flow::image(id, network.shape(id));
    let Some((shape, bias)) = values.floats(node, 2)? else { return Ok(Value::Flow(flow)) };
    if shape != [filters] {
        return Err(node.refuse(format!("its bias has shape {shape:?}, not [{filters}]")));
    }
    Ok(Value::Flow(network.push_bias(node, &format!("{name}.bias"), flow, bias)?))
}

/// The name of a layer: that of its weights where it says so, as PyTorch's do.
pub(super) fn layer_name(node: &Node, weights: usize) -> String {
    let layer = node.input(weights).and_then(|name| name.strip_suffix(".weight"));
    layer.filter(|name| !name.is_empty()).unwrap_or(node.name()).to_owned()
}

/// Padding of windows of a square kernel whose additional rows and columns are at the end.
fn squared(windows: Windows, kernel: usize) -> Padding {
    let Windows { span: [rows, columns], padding, .. } = windows;
    Padding { bottom: padding.bottom + kernel - rows, right: padding.right + kernel - columns, ..padding }
}

/// Filters, row-major.
struct Weights {
    values: Vec<f32>,
    kernel: [usize; 2],
    dilation: [usize; 2],
}

impl Weights {
    /// The same in square kernels without holes, zeros filled in.
    fn square(self, node: &Node, windows: Windows) -> Result<Self, ImportError> {
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

    /// The same on the one channel of a canvas that the file sees `channels` times.
    fn of_grey(self, node: &Node, channels: usize, seen: usize, groups: usize) -> Result<Self, ImportError> {
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

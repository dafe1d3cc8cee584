//! Dense layers, which become convolutions as large as their input.

use dabnet_graph::{Conv2d, Padding, Precision, Shape, WeightFormat};

use super::{OpResult, conv::layer_name};
use crate::import::{
    ImportError,
    activation::{ActivationAxis, ActivationView},
    graph_values::{GraphValues, TensorValue},
    network::NetworkBuilder,
    node::OnnxNode,
};

pub(super) fn gemm(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&["alpha", "beta", "broadcast", "transA", "transB"])?;
    node.expect("transA", 0)?;
    let (alpha, beta) = (node.float("alpha").unwrap_or(1.0), node.float("beta").unwrap_or(1.0));
    let activation = values.activation(node, 0)?;
    if activation.dims.len() != 1 {
        return Err(node.refuse(format!("its input has extents {:?}, not one", activation.extents())));
    }
    let mut matrix = DenseWeights::new(node, values.needed_floats(node, 1)?, node.int("transB", 0) != 0)?;
    matrix.values.iter_mut().for_each(|weight| *weight *= alpha);
    let activation = dense(node, network, activation, matrix)?;
    let Some((shape, bias)) = values.floats(node, 2)? else { return Ok(TensorValue::Activation(activation)) };
    let outputs = activation.shape.channels;
    let bias: Vec<f32> = match bias.len() {
        1 => vec![bias[0] * beta; outputs],
        len if len == outputs && shape.last() == Some(&len) => bias.iter().map(|it| it * beta).collect(),
        _ => return Err(node.refuse(format!("its bias has shape {shape:?}, not [{outputs}]"))),
    };
    let name = format!("{}.bias", layer_name(node, 1));
    Ok(TensorValue::Activation(network.push_bias(node, &name, activation, bias)?))
}

pub(super) fn mat_mul(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    let activation = values.activation(node, 0)?;
    let matrix = DenseWeights::new(node, values.needed_floats(node, 1)?, false)?;
    Ok(TensorValue::Activation(dense(node, network, activation, matrix)?))
}

/// Weights of a dense layer.
struct DenseWeights {
    values: Vec<f32>,
    inputs: usize,
    outputs: usize,
    /// True if each row belongs to an output.
    by_output: bool,
}

impl DenseWeights {
    fn new(
        node: &OnnxNode,
        (shape, values): (Vec<usize>, Vec<f32>),
        by_output: bool,
    ) -> Result<Self, ImportError> {
        let &[rows, columns] = &shape[..] else {
            return Err(node.refuse(format!("its weights have shape {shape:?}, not two dimensions")));
        };
        let (inputs, outputs) = if by_output { (columns, rows) } else { (rows, columns) };
        if values.is_empty() {
            return Err(node.refuse("its weights are empty"));
        }
        Ok(Self { values, inputs, outputs, by_output })
    }

    fn get(&self, output: usize, input: usize) -> f32 {
        let (row, columns, column) =
            if self.by_output { (output, self.inputs, input) } else { (input, self.outputs, output) };
        self.values[row * columns + column]
    }
}

/// The product over the last dimension.
fn dense(
    node: &OnnxNode,
    network: &mut NetworkBuilder,
    activation: ActivationView,
    matrix: DenseWeights,
) -> Result<ActivationView, ImportError> {
    let Some((last, before)) = activation.dims.split_last() else {
        return Err(node.refuse("its input has no dimension but the batch"));
    };
    if activation.product(last) != matrix.inputs {
        let reason = format!("{} inputs do not fit extents {:?}", matrix.inputs, activation.extents());
        return Err(node.refuse(reason));
    }
    if activation.shape != network.shape(activation.node) {
        return Err(node.refuse("reads three equal channels; only a convolution can"));
    }
    // Each position by itself, or all of them together.
    let seen = if before.concat().contains(&ActivationAxis::Channel)
        || last.is_empty() && activation.shape.channels > 1
    {
        return Err(node.refuse("multiplies over rows or columns alone"));
    } else if before.iter().all(Vec::is_empty) {
        activation.shape
    } else if activation.is_channels(activation.dims.len() - 1) {
        Shape::new(activation.shape.channels, 1, 1)
    } else {
        return Err(node.refuse("multiplies over rows or columns of several"));
    };
    let kernel = seen.height.max(seen.width);
    let weights = matrix.outputs.checked_mul(seen.channels).and_then(|it| it.checked_mul(kernel * kernel));
    if weights.is_none_or(|weights| weights > Shape::MAX_ELEMENTS) {
        return Err(node.refuse("has too many weights"));
    }
    let strides = activation.strides();
    let mut weights = vec![0.0; matrix.outputs * seen.channels * kernel * kernel];
    for (index, weight) in weights.iter_mut().enumerate() {
        let (column, row) = (index % kernel, index / kernel % kernel);
        let (channel, output) =
            (index / kernel / kernel % seen.channels, index / kernel / kernel / seen.channels);
        if row < seen.height && column < seen.width {
            let [channels, rows, columns] = strides;
            *weight = matrix.get(output, channel * channels + row * rows + column * columns);
        }
    }
    let padding = Padding { bottom: kernel - seen.height, right: kernel - seen.width, ..Padding::NONE };
    let conv = Conv2d {
        out_channels: matrix.outputs,
        kernel,
        stride: 1,
        padding,
        groups: 1,
        precision: Precision::Full,
        weight_format: WeightFormat::F32,
    };
    let id = network.push_conv(node, &layer_name(node, 1), conv, activation.node, weights)?;
    let mut dims = before.to_vec();
    dims.push(vec![ActivationAxis::Channel]);
    Ok(ActivationView::ordered(id, network.shape(id), &dims))
}

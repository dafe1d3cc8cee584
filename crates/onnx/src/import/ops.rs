//! Conversion of ONNX ops, one file per kind.

mod conv;
mod join;
mod linear;
mod pointwise;
mod pool;
mod quantized;
mod shape;
mod windows;

use crate::import::{
    ImportError,
    graph_values::{GraphValues, TensorValue},
    network::NetworkBuilder,
    node::OnnxNode,
};

/// Output of a converted node.
pub(crate) type OpResult = Result<TensorValue, ImportError>;

/// Converts a node: adds its nodes to the network, and returns its output.
pub(crate) fn import(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    if node.input(0).is_some()
        && let TensorValue::Level(level) = values.needed(node, 0)?
    {
        return quantized::rounded(node, level, values, network);
    }
    Ok(match node.op.as_str() {
        "Add" => join::add(node, values, network)?,
        "AveragePool" => pool::average(node, values, network)?,
        "BatchNormalization" => pointwise::batch_norm(node, values, network)?,
        "Cast" => shape::cast(node, values)?,
        "Clip" => pointwise::clip(node, values, network)?,
        "Concat" => join::concat(node, values, network)?,
        "Constant" => shape::constant(node, values)?,
        "Conv" => conv::conv(node, values, network)?,
        "DequantizeLinear" => quantized::dequantize_linear(node, values)?,
        "Div" => quantized::divided(node, values, network)?,
        "Dropout" => shape::dropout(node, values)?,
        "Flatten" => shape::flatten(node, values)?,
        "Gather" => shape::gather(node, values)?,
        "Gemm" => linear::gemm(node, values, network)?,
        "GlobalAveragePool" => pool::global_average(node, values, network)?,
        "GreaterOrEqual" => quantized::not_negative(node, values, network)?,
        "Identity" => shape::identity(node, values)?,
        "LeakyRelu" => pointwise::leaky_relu(node, values, network)?,
        "LogSoftmax" | "Softmax" => pointwise::softmax(node, values)?,
        "MatMul" => linear::mat_mul(node, values, network)?,
        "MaxPool" => pool::max(node, values, network)?,
        "PRelu" => pointwise::prelu(node, values, network)?,
        "ReduceMean" => pool::reduce_mean(node, values, network)?,
        "QuantizeLinear" => quantized::quantize_linear(node, values, network)?,
        "Relu" => pointwise::relu(node, values, network)?,
        "Reshape" => shape::reshape(node, values)?,
        "Shape" => shape::shape(node, values)?,
        "Sigmoid" => pointwise::sigmoid(node, values, network)?,
        "Sign" => quantized::sign(node, values, network)?,
        "Slice" => shape::slice(node, values)?,
        "Squeeze" => shape::squeeze(node, values)?,
        "Tanh" => pointwise::tanh(node, values, network)?,
        "Transpose" => shape::transpose(node, values)?,
        "Unsqueeze" => shape::unsqueeze(node, values)?,
        "Where" => quantized::sign_of_comparison(node, values, network)?,
        "qonnx.custom_op.general.BipolarQuant" => quantized::bipolar(node, values, network)?,
        "qonnx.custom_op.general.Quant" => quantized::quant(node, values, network)?,
        _ => return Err(node.refuse("this op cannot be imported; dabnet import --help lists those that can")),
    })
}

/// Index of a dimension; negative ones count from the last.
fn dimension(node: &OnnxNode, axis: i64, rank: usize) -> Result<usize, ImportError> {
    let from_start = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    usize::try_from(from_start)
        .ok()
        .filter(|&axis| axis < rank)
        .ok_or_else(|| node.refuse(format!("axis {axis} is none of {rank} dimensions")))
}

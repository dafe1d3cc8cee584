//! Signs and levels: the inputs and weights of binary layers, as PyTorch, QONNX and others write them, and the pairs around
//! integers of networks in eight bits.

use std::collections::BTreeMap;

use dabnet_graph::{Op, Quantizer};

use super::{OpResult, dimension, pointwise::function, pool::canvas_channel};
use crate::import::{
    ImportError,
    activation::ActivationView,
    constant::{ConstantData, ConstantTensor},
    graph_values::{
        FloatTensor, GraphValues, IntegerView, LevelStage, PartialLevel, TensorValue, per_channel,
    },
    network::NetworkBuilder,
    node::OnnxNode,
};

/// Epsilon of a scale that is written as a batch normalization: a record, which changes nothing.
const EPSILON: f32 = 1e-5;

/// A sign, which here is +1 for 0.
pub(super) fn sign(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    function(node, values, network, Op::Sign)
}

/// A comparison with 0, the first half of a sign.
pub(super) fn not_negative(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
) -> OpResult {
    node.only(&[])?;
    let activation = canvas_channel(node, network, values.activation(node, 0)?)?;
    match single(node, values, 1)? {
        0.0 => Ok(TensorValue::NotNegative(activation)),
        bound => Err(node.refuse(format!("compares with {bound}; only with 0 can be imported"))),
    }
}

/// +1 where a comparison holds and −1 elsewhere, its second half.
pub(super) fn sign_of_comparison(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
) -> OpResult {
    node.only(&[])?;
    let TensorValue::NotNegative(activation) = values.needed(node, 0)? else {
        return Err(node.refuse("chooses by something else than x >= 0"));
    };
    let choices = [single(node, values, 1)?, single(node, values, 2)?];
    if choices != [1.0, -1.0] {
        return Err(node.refuse(format!("chooses of {choices:?}; only 1 and -1 can be imported")));
    }
    let id = network.push(node, node.name(), Op::Sign, vec![activation.node])?;
    Ok(TensorValue::Activation(activation.through(id)))
}

/// `BipolarQuant` of QONNX: `scale` where a value is at least 0, `-scale` elsewhere.
pub(super) fn bipolar(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    let scale = values.needed_floats(node, 1)?;
    if let Some((shape, weights)) = constant(values, node)? {
        let scale = broadcast(node, &shape, &scale, "scale")?;
        let signed = |(weight, scale): (&f32, &f32)| if *weight >= 0.0 { *scale } else { -*scale };
        return Ok(floats(shape, weights.iter().zip(&scale).map(signed).collect()));
    }
    let activation = canvas_channel(node, network, values.activation(node, 0)?)?;
    let scale = per_channel(node, &activation, scale)?;
    let id = network.push(node, node.name(), Op::Sign, vec![activation.node])?;
    let activation = activation.through(id);
    if scale.iter().all(|&scale| scale == 1.0) {
        return Ok(TensorValue::Activation(activation));
    }
    let shift = vec![0.0; scale.len()];
    let name = format!("{}.scale", node.name());
    let parameters = BTreeMap::from([("scale", scale), ("shift", shift)]);
    let id = network.push_channels(
        node,
        &name,
        Op::BatchNorm { epsilon: EPSILON },
        activation.node,
        parameters,
    )?;
    Ok(TensorValue::Activation(activation.through(id)))
}

/// `Quant` of QONNX: constants are rounded, activations to unsigned levels of up to four bits.
pub(super) fn quant(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&["signed", "narrow", "rounding_mode"])?;
    let (step, zero) = (values.needed_floats(node, 1)?, single(node, values, 2)?);
    let bits = single(node, values, 3)?;
    let (signed, narrow) = (node.int("signed", 1) != 0, node.int("narrow", 0) != 0);
    let mode = node.text("rounding_mode").to_ascii_uppercase();
    if let Some((shape, weights)) = constant(values, node)? {
        if !["", "ROUND"].contains(&&mode[..]) || zero != 0.0 || !(1.0..=24.0).contains(&bits) {
            return Err(
                node.refuse("weights are read with rounding_mode ROUND, zero point 0 and up to 24 bits")
            );
        }
        let most = f32::exp2(if signed { bits - 1.0 } else { bits }) - 1.0;
        let least = if !signed {
            0.0
        } else if narrow {
            -most
        } else {
            -most - 1.0
        };
        let step = broadcast(node, &shape, &step, "scale")?;
        let rounded =
            |(weight, step): (&f32, &f32)| (weight / step).round_ties_even().clamp(least, most) * step;
        return Ok(floats(shape, weights.iter().zip(&step).map(rounded).collect()));
    }
    let [step] = step.1[..] else {
        return Err(node.refuse("has several scales for an activation; one can be imported"));
    };
    let known = (1..=Quantizer::MAX_BITS).find(|&known| f32::from(known) == bits);
    let Some(bits) = known.filter(|_| !signed && !narrow && zero == 0.0) else {
        let reason = "is not of 1 to 4 unsigned bits with zero point 0, which is what inputs of binary layers are here";
        return Err(node.refuse(reason));
    };
    if !["HALF_UP", "ROUND", ""].contains(&&mode[..]) {
        return Err(node.refuse(format!("rounding_mode {mode} cannot be imported; HALF_UP and ROUND can")));
    }
    let activation = canvas_channel(node, network, values.activation(node, 0)?)?;
    push_quantize(node, network, activation, bits, step)
}

/// Adds a quantizer behind an activation.
fn push_quantize(
    node: &OnnxNode,
    network: &mut NetworkBuilder,
    activation: ActivationView,
    bits: u8,
    step: f32,
) -> OpResult {
    let parameters = BTreeMap::from([("step", vec![step])]);
    let id = network.push_channels(node, node.name(), Op::Quantize { bits }, activation.node, parameters)?;
    Ok(TensorValue::Activation(activation.through(id)))
}

/// Division by a step, the first part of rounding to levels: `Mul(Clip(Floor(Add(Div(x, step), 0.5)), 0, 2ᵇ − 1), step)`,
/// where the limits may come before the half, and `Round` in place of the two.
pub(super) fn divided(node: &OnnxNode, values: &GraphValues<'_>, network: &mut NetworkBuilder) -> OpResult {
    node.only(&[])?;
    let activation = canvas_channel(node, network, values.activation(node, 0)?)?;
    let step = single(node, values, 1)?;
    if step < f32::MIN_POSITIVE {
        return Err(node.refuse(format!("divides by {step}; a step is positive")));
    }
    Ok(TensorValue::Level(PartialLevel { activation, step, stage: LevelStage::Divided, highest: None }))
}

/// An op on an activation that is on its way to levels.
pub(super) fn rounded(
    node: &OnnxNode,
    level: PartialLevel,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
) -> OpResult {
    let refused = || {
        node.refuse(
            "reads a division, which can be imported only as the start of rounding to levels of 1 to 4 bits",
        )
    };
    let level = match (node.op.as_str(), level.stage) {
        ("Add", LevelStage::Divided) if single(node, values, 1)? == 0.5 => {
            PartialLevel { stage: LevelStage::Raised, ..level }
        }
        ("Floor", LevelStage::Raised) | ("Round", LevelStage::Divided) => {
            PartialLevel { stage: LevelStage::Whole, ..level }
        }
        ("Clip", LevelStage::Divided | LevelStage::Whole) if single(node, values, 1)? == 0.0 => {
            PartialLevel { highest: Some(single(node, values, 2)?), ..level }
        }
        ("Mul", LevelStage::Whole) if single(node, values, 1)? == level.step => {
            let fits = |bits: &u8| Some(Quantizer::highest(*bits) as f32) == level.highest;
            let bits = (1..=Quantizer::MAX_BITS).find(fits).ok_or_else(refused)?;
            return push_quantize(node, network, level.activation, bits, level.step);
        }
        _ => return Err(refused()),
    };
    Ok(TensorValue::Level(level))
}

/// Rounding of an activation to integers, of which the limits are kept, as they may stand for a ReLU, and the rounding is
/// left out.
pub(super) fn quantize_linear(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    network: &mut NetworkBuilder,
) -> OpResult {
    node.only(&["axis", "block_size", "output_dtype", "precision", "saturate"])?;
    let activation = values.activation(node, 0)?;
    let scale = single(node, values, 1)?;
    if !(scale.is_finite() && scale >= f32::MIN_POSITIVE) {
        return Err(node.refuse(format!("its scale is {scale}; a scale is positive")));
    }
    let (zero, [least, greatest]) = zero_point(node, values)?;
    // A picture given three times is within its limits.
    if activation.shape != network.shape(activation.node) {
        return Ok(TensorValue::Integers(IntegerView { activation, scale, zero }));
    }
    let [low, high] = [least, greatest].map(|limit| (limit - zero) as f32 * scale);
    let id = network.push(node, node.name(), Op::Clip { low, high }, vec![activation.node])?;
    Ok(TensorValue::Integers(IntegerView { activation: activation.through(id), scale, zero }))
}

/// Zero point of a node, and the least and the greatest integer of its type.
fn zero_point(node: &OnnxNode, values: &GraphValues<'_>) -> Result<(i64, [i64; 2]), ImportError> {
    let Some(name) = node.input(2) else { return Ok((0, [0, 255])) };
    let limits = match values.source.initializer_type(name) {
        Some(2) => [0, 255],
        Some(3) => [-128, 127],
        Some(4) => [0, 65_535],
        Some(5) => [-32_768, 32_767],
        _ => return Err(node.refuse("has a zero point that is no constant of 8 or 16 bits")),
    };
    match values.get(node, 2)? {
        Some(TensorValue::Constant(ConstantTensor { data: ConstantData::Ints(zero), .. }))
            if zero.len() == 1 =>
        {
            Ok((zero[0], limits))
        }
        _ => Err(node.refuse("has a zero point that is not one integer")),
    }
}

/// Numbers from integers; of an activation, the activation.
pub(super) fn dequantize_linear(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["axis", "block_size", "output_dtype"])?;
    node.expect("block_size", 0)?;
    if let TensorValue::Integers(IntegerView { activation, scale, zero }) = values.needed(node, 0)? {
        if (single(node, values, 1)?, zero_point(node, values)?.0) != (scale, zero) {
            return Err(node.refuse("has another scale or zero point than the QuantizeLinear before it"));
        }
        return Ok(TensorValue::Activation(activation));
    }
    let (shape, integers) = match values.needed(node, 0)? {
        TensorValue::Constant(ConstantTensor { shape, data: ConstantData::Ints(integers) }) => {
            (shape, integers)
        }
        _ => return Err(node.refuse("reads no integers")),
    };
    let (scale_shape, scale) = values.needed_floats(node, 1)?;
    let zero = match values.get(node, 2)? {
        None => vec![0; scale.len()],
        Some(TensorValue::Constant(ConstantTensor { data: ConstantData::Ints(zero), .. })) => zero,
        Some(_) => return Err(node.refuse("has a zero point that is no constant integer")),
    };
    if scale.is_empty() || zero.len() != scale.len() {
        return Err(node.refuse(format!("has {} scales and {} zero points", scale.len(), zero.len())));
    }
    // One scale for all, or one for each index of an axis.
    let (size, inner) = match scale_shape.len() {
        _ if scale.len() == 1 => (1, 1),
        1 => {
            let axis = dimension(node, node.int("axis", 1), shape.len())?;
            (shape[axis], shape[axis + 1..].iter().product::<usize>())
        }
        _ => return Err(node.refuse(format!("has scales of shape {scale_shape:?}"))),
    };
    if scale.len() != size {
        return Err(node.refuse(format!("has {} scales for an axis of {size}", scale.len())));
    }
    let value = |(at, integer): (usize, &i64)| {
        let index = at / inner.max(1) % size;
        integer.saturating_sub(zero[index]) as f32 * scale[index]
    };
    Ok(floats(shape, integers.iter().enumerate().map(value).collect()))
}

/// The first input, if it is constant numbers.
fn constant(values: &GraphValues<'_>, node: &OnnxNode) -> Result<Option<FloatTensor>, ImportError> {
    match values.needed(node, 0)? {
        TensorValue::Constant(_) => values.floats(node, 0),
        _ => Ok(None),
    }
}

fn single(node: &OnnxNode, values: &GraphValues<'_>, index: usize) -> Result<f32, ImportError> {
    match values.needed_floats(node, index)? {
        (_, numbers) if numbers.len() == 1 => Ok(numbers[0]),
        (shape, _) => Err(node.refuse(format!("its input {index} has shape {shape:?}, not one number"))),
    }
}

fn floats(shape: Vec<usize>, values: Vec<f32>) -> TensorValue {
    TensorValue::Constant(ConstantTensor { shape, data: ConstantData::Floats(values) })
}

/// A number for every weight of `shape`, from one for all or one along the first axis.
fn broadcast(
    node: &OnnxNode,
    shape: &[usize],
    (given, values): &FloatTensor,
    what: &str,
) -> Result<Vec<f32>, ImportError> {
    let count: usize = shape.iter().product();
    let along_first = given.len() == shape.len() && given[1..].iter().all(|&extent| extent == 1);
    match (values.len(), shape.first()) {
        (1, _) => Ok(vec![values[0]; count]),
        (filters, Some(&first)) if along_first && filters == first && count > 0 => {
            Ok(values.iter().flat_map(|&value| std::iter::repeat_n(value, count / filters)).collect())
        }
        _ => Err(node.refuse(format!("its {what} of shape {given:?} is not one a filter of {shape:?}"))),
    }
}

//! Ops that only change shapes, and arithmetic on the integers that describe them.

use super::{OpResult, dimension};
use crate::import::{
    ImportError,
    activation::ActivationView,
    constant::{ConstantData, ConstantTensor, is_float},
    graph_values::{BATCH, GraphValues, TensorValue},
    node::OnnxNode,
};

pub(super) fn constant(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    let floats =
        |shape: Vec<usize>, values: Vec<f32>| ConstantTensor { shape, data: ConstantData::Floats(values) };
    let ints =
        |shape: Vec<usize>, values: Vec<i64>| ConstantTensor { shape, data: ConstantData::Ints(values) };
    let constant = if let Some(tensor) = node.tensor("value") {
        values.source.constant(node.name(), tensor)?
    } else if let Some(value) = node.float("value_float") {
        floats(vec![], vec![value])
    } else if let Some(values) = node.floats("value_floats") {
        floats(vec![values.len()], values.to_vec())
    } else if node.has("value_int") {
        ints(vec![], vec![node.int("value_int", 0)])
    } else if let Some(values) = node.ints("value_ints") {
        ints(vec![values.len()], values.to_vec())
    } else {
        return Err(node.refuse("has no value of a kind that can be imported"));
    };
    Ok(TensorValue::Constant(constant))
}

pub(super) fn identity(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&[])?;
    value(node, values)
}

/// Returns the input, as dropout does at inference.
pub(super) fn dropout(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["is_test", "ratio", "seed"])?;
    value(node, values)
}

/// Returns the input: floats have one precision here, and integers one size.
pub(super) fn cast(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["round_mode", "saturate", "to"])?;
    let value = value(node, values)?;
    let to = i32::try_from(node.int("to", 0)).unwrap_or(0);
    let fits = match &value {
        TensorValue::Activation(_)
        | TensorValue::Constant(ConstantTensor { data: ConstantData::Floats(_), .. }) => is_float(to),
        TensorValue::Constant(ConstantTensor { data: ConstantData::Ints(_), .. }) => [6, 7].contains(&to),
        TensorValue::NotNegative(_) | TensorValue::Integers(_) | TensorValue::Level(_) => false,
    };
    if fits { Ok(value) } else { Err(node.refuse(format!("to is {to}, a type of another kind"))) }
}

fn value(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    match values.needed(node, 0)? {
        TensorValue::Activation(_) => Ok(TensorValue::Activation(values.activation(node, 0)?)),
        constant => Ok(constant),
    }
}

pub(super) fn flatten(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["axis"])?;
    let activation = values.activation(node, 0)?;
    let axis = node.int("axis", 1);
    if dimension(node, axis, activation.dims.len() + 1)? != 1 {
        return Err(node.refuse(format!("axis is {axis}; only 1 can be imported")));
    }
    let elements = activation.extents().iter().product();
    reshaped(node, &activation, &[elements])
}

pub(super) fn reshape(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["allowzero", "shape"])?;
    let activation = values.activation(node, 0)?;
    let target = values.ints(node, "shape", 1)?.ok_or_else(|| node.refuse("has no shape"))?;
    if node.int("allowzero", 0) != 0 && target.contains(&0) {
        return Err(node.refuse(format!("shape {target:?} has no elements")));
    }
    let refused =
        || node.refuse(format!("shape {target:?} does not keep the batch, or not the number of elements"));
    let (batch, rest) = target.split_first().ok_or_else(refused)?;
    let (old, elements) = (activation.extents(), activation.extents().iter().product::<usize>());
    let mut extents = Vec::new();
    let mut open = None;
    for (dim, &extent) in rest.iter().enumerate() {
        extents.push(match extent {
            -1 if open.is_none() => {
                open = Some(dim);
                1
            }
            0 => *old.get(dim).ok_or_else(refused)?,
            _ => usize::try_from(extent).map_err(|_| refused())?,
        });
    }
    let known = extents.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
    let known = known.filter(|&known| known > 0).ok_or_else(refused)?;
    if let Some(dim) = open {
        extents[dim] = elements / known;
    }
    // Where a number of the shape is open, it is the batch, or the batch has to be said.
    let keeps_batch = match *batch {
        -1 => open.is_none(),
        0 | 1 | BATCH => true,
        _ => false,
    };
    if !keeps_batch || extents.iter().product::<usize>() != elements {
        return Err(refused());
    }
    reshaped(node, &activation, &extents)
}

fn reshaped(node: &OnnxNode, activation: &ActivationView, extents: &[usize]) -> OpResult {
    let reason =
        || format!("extents {:?} cannot become {extents:?} without cutting channels", activation.extents());
    Ok(TensorValue::Activation(activation.reshaped(extents).ok_or_else(|| node.refuse(reason()))?))
}

pub(super) fn transpose(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["perm"])?;
    let activation = values.activation(node, 0)?;
    let rank = activation.dims.len() + 1;
    let order: Vec<usize> = match node.ints("perm") {
        Some(perm) => perm.iter().map(|&axis| dimension(node, axis, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).rev().collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if order.first() != Some(&0) || sorted != (0..rank).collect::<Vec<_>>() {
        return Err(node.refuse(format!("perm is {order:?}; the batch has to stay first")));
    }
    let dims = order[1..].iter().map(|&axis| activation.dims[axis - 1].clone()).collect();
    Ok(TensorValue::Activation(ActivationView { dims, ..activation }))
}

pub(super) fn squeeze(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["axes"])?;
    let Some(axes) = values.ints(node, "axes", 1)? else {
        return Err(node.refuse("does not say which axes"));
    };
    let activation = match value(node, values)? {
        TensorValue::Activation(activation) => activation,
        TensorValue::Constant(constant) if constant.shape == [1] => {
            return Ok(TensorValue::Constant(ConstantTensor { shape: vec![], ..constant }));
        }
        _ => return Err(node.refuse("its input is a constant of several numbers")),
    };
    let rank = activation.dims.len() + 1;
    let axes = axes.iter().map(|&axis| dimension(node, axis, rank)).collect::<Result<Vec<_>, _>>()?;
    if axes.iter().any(|&axis| axis == 0 || !activation.dims[axis - 1].is_empty()) {
        return Err(node.refuse(format!("axes {axes:?} are not all of one element")));
    }
    let dims = activation.dims.iter().enumerate().filter(|(dim, _)| !axes.contains(&(dim + 1)));
    Ok(TensorValue::Activation(ActivationView {
        dims: dims.map(|(_, axes)| axes.clone()).collect(),
        ..activation
    }))
}

pub(super) fn unsqueeze(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["axes"])?;
    let axes = values.ints(node, "axes", 1)?.unwrap_or_default();
    let activation = match value(node, values)? {
        TensorValue::Activation(activation) => activation,
        TensorValue::Constant(constant) if constant.shape.is_empty() && axes == [0] => {
            return Ok(TensorValue::Constant(ConstantTensor { shape: vec![1], ..constant }));
        }
        _ => return Err(node.refuse("its input is a constant of several numbers")),
    };
    let rank = activation.dims.len() + 1 + axes.len();
    let axes = axes.iter().map(|&axis| dimension(node, axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut old = activation.dims.iter().cloned();
    let dims: Vec<_> = (1..rank)
        .map(|dim| if axes.contains(&dim) { vec![] } else { old.next().unwrap_or_default() })
        .collect();
    if axes.contains(&0) || old.next().is_some() {
        return Err(node.refuse(format!("axes {axes:?} do not keep the batch first")));
    }
    Ok(TensorValue::Activation(ActivationView { dims, ..activation }))
}

/// Shape of an activation, with unknown batch.
pub(super) fn shape(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&[])?;
    let activation = values.activation(node, 0)?;
    let extents = activation.extents().into_iter().map(|extent| extent as i64);
    Ok(TensorValue::Constant(ConstantTensor::of_ints(std::iter::once(BATCH).chain(extents).collect())))
}

/// One or several numbers of a shape.
pub(super) fn gather(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["axis"])?;
    node.expect("axis", 0)?;
    let [from, which] = [numbers(node, values, 0)?, numbers(node, values, 1)?];
    let pick = |&index: &i64| Ok(from.1[dimension(node, index, from.1.len())?]);
    let picked = which.1.iter().map(pick).collect::<Result<Vec<i64>, ImportError>>()?;
    Ok(TensorValue::Constant(ConstantTensor { shape: which.0, data: ConstantData::Ints(picked) }))
}

/// Consecutive numbers of a shape.
pub(super) fn slice(node: &OnnxNode, values: &GraphValues<'_>) -> OpResult {
    node.only(&["axes", "ends", "starts"])?;
    let (_, from) = numbers(node, values, 0)?;
    let one = |name: &str, index: usize, default: i64| match values.ints(node, name, index)?.as_deref() {
        None => Ok(default),
        Some(&[one]) => Ok(one),
        Some(several) => Err(node.refuse(format!("{name} is {several:?}, not one number"))),
    };
    let (start, end) = (one("starts", 1, 0)?, one("ends", 2, i64::MAX)?);
    if one("axes", 3, 0)? != 0 || one("steps", 4, 1)? != 1 {
        return Err(node.refuse("only numbers of a shape that follow each other can be taken"));
    }
    let len = from.len() as i64;
    let at = |index: i64| if index < 0 { index.saturating_add(len) } else { index }.clamp(0, len) as usize;
    let taken = from[at(start)..at(end).max(at(start))].to_vec();
    Ok(TensorValue::Constant(ConstantTensor::of_ints(taken)))
}

/// Shape and elements of a constant integer input.
fn numbers(
    node: &OnnxNode,
    values: &GraphValues<'_>,
    index: usize,
) -> Result<(Vec<usize>, Vec<i64>), ImportError> {
    match values.needed(node, index)? {
        TensorValue::Constant(ConstantTensor { shape, data: ConstantData::Ints(ints) })
            if shape.len() < 2 =>
        {
            Ok((shape, ints))
        }
        _ => Err(node.refuse("can be imported on whole numbers of a shape alone")),
    }
}

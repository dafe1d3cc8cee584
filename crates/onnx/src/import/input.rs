//! Input of the network.

use dabnet_graph::{Canvas, Shape};

use crate::import::{
    ImportError, ImportOptions,
    activation::{ActivationAxis, ActivationView},
    constant::{is_float, type_name},
    messages::{
        self, DimensionMessage, TensorShapeMessage, TensorTypeMessage, TypeMessage, ValueInfoMessage,
    },
    source::{OnnxFile, all},
};

/// The canvas as the file's input.
pub(crate) struct CanvasInput {
    pub name: String,
    pub activation: ActivationView,
}

impl CanvasInput {
    /// Finds the only input of a graph that is not an initializer, a canvas of so many channels.
    pub(crate) fn find(
        source: &OnnxFile,
        options: &ImportOptions,
        canvas_channels: usize,
    ) -> Result<Self, ImportError> {
        let inputs: Vec<&ValueInfoMessage> =
            source.inputs.iter().filter(|input| !source.is_initializer(&input.name)).collect();
        let &[input] = &inputs[..] else {
            let names: Vec<&str> = inputs.iter().map(|input| &input.name[..]).collect();
            let reason = format!("the network has {} inputs ({}), not one", inputs.len(), names.join(", "));
            return Err(ImportError::interface(reason));
        };
        let (element, dims) = tensor_type(source, input)?;
        let fail = |reason: String| ImportError::interface(format!("input '{}' {reason}", input.name));
        if !is_float(element) {
            return Err(fail(format!("has elements of {}, not floating-point ones", type_name(element))));
        }
        let (channels, sides, order) = layout(&dims, canvas_channels).ok_or_else(|| {
            fail(format!(
                "has shape {}, which is no batch of square pictures of 1 or 3 channels",
                shown(&dims)
            ))
        })?;
        let side = side(sides, options.side).map_err(fail)?;
        if channels == 3 && channels != canvas_channels && !options.rgb {
            return Err(fail(
                "has 3 channels: give --rgb if it is to see a sketch three times, each normalized by the same --mean \
                 and --std"
                    .into(),
            ));
        }
        if options.rgb && channels != 3 {
            return Err(fail(format!("has {channels} channels: --rgb is for networks of 3, leave it out")));
        }
        let dims: Vec<Vec<ActivationAxis>> = match dims.len() {
            2 => vec![vec![ActivationAxis::Row, ActivationAxis::Column]],
            _ => order.iter().map(|&axis| vec![axis]).collect(),
        };
        let activation = ActivationView::ordered(0, Shape::new(channels, side, side), &dims);
        Ok(Self { name: input.name.clone(), activation })
    }
}

/// Element type and extents of an input; `None` for extents that are left open.
fn tensor_type(source: &OnnxFile, input: &ValueInfoMessage) -> Result<(i32, Vec<Option<i64>>), ImportError> {
    let read = || -> Result<(i32, Vec<Option<i64>>), String> {
        let kind: TypeMessage = messages::read(&input.kind)?;
        let tensor: TensorTypeMessage = messages::read(&kind.tensor.ok_or("it is no tensor")?)?;
        let shape: TensorShapeMessage = messages::read(&tensor.shape.ok_or("it has no shape")?)?;
        let dims: Vec<DimensionMessage> = all(&shape.dims)?;
        Ok((tensor.element, dims.iter().map(|dim| dim.value.filter(|&value| value > 0)).collect()))
    };
    read().map_err(|reason| source.damaged(format!("input '{}': {reason}", input.name)))
}

type InputLayout = (usize, [Option<i64>; 2], Vec<ActivationAxis>);

/// Channels, height and width, and the order of the three.
fn layout(dims: &[Option<i64>], canvas_channels: usize) -> Option<InputLayout> {
    use ActivationAxis::{Channel, Column, Row};
    let channels = |dim: Option<i64>| match dim {
        Some(1) => Some(1),
        Some(3) => Some(3),
        Some(stated) if usize::try_from(stated) == Ok(canvas_channels) => Some(canvas_channels),
        _ => None,
    };
    match *dims {
        [_, Some(all)] => {
            let side = all.isqrt();
            (side * side == all).then(|| (1, [Some(side); 2], vec![Row, Column]))
        }
        [_, height, width] => Some((1, [height, width], vec![Row, Column])),
        [_, first, height, width] if channels(first).is_some() => {
            Some((channels(first)?, [height, width], vec![Channel, Row, Column]))
        }
        [_, height, width, last] => Some((channels(last)?, [height, width], vec![Row, Column, Channel])),
        _ => None,
    }
}

fn side(sides: [Option<i64>; 2], asked: Option<usize>) -> Result<usize, String> {
    let found = match sides {
        [Some(height), Some(width)] if height != width => {
            return Err(format!("is {height} × {width}; a canvas is square"));
        }
        [Some(side), _] | [_, Some(side)] => Some(usize::try_from(side).unwrap_or(usize::MAX)),
        [None, None] => None,
    };
    match (found, asked) {
        (Some(side), _) if side > Canvas::MAX_SIDE => {
            Err(format!("has a side of {side}; a canvas has at most {}", Canvas::MAX_SIDE))
        }
        (Some(side), Some(asked)) if side != asked => Err(format!("has a side of {side}, not {asked}")),
        (Some(side), _) | (None, Some(side)) => Ok(side),
        (None, None) => Err("has no fixed side: give --side".into()),
    }
}

fn shown(dims: &[Option<i64>]) -> String {
    let dims: Vec<String> =
        dims.iter().map(|dim| dim.map_or_else(|| "?".into(), |dim| dim.to_string())).collect();
    format!("[{}]", dims.join(", "))
}

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use dabnet_engine::{Model, PackedModel, Session};
use dabnet_graph::{Preprocessing, Shape};
use serde_json::{Value as Json, json};

use crate::{
    ImportError,
    input::CanvasInput,
    network::Network,
    node::Node,
    ops,
    source::Source,
    values::{Value, Values},
};

/// What is asked for beside the file.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// Side of the canvas, needed where the file leaves it open.
    pub side: Option<usize>,
    /// Whether an input of three channels is the canvas three times.
    pub rgb: bool,
    /// One label an output; numbers where there are none.
    pub labels: Option<Vec<String>>,
}

/// Reads the network of an ONNX file; `preprocessing` gives, for the side of its input, how a sketch becomes
/// that.
///
/// The logits are those of the file: a softmax at its end is left out. What was a dense layer is a convolution as
/// large as its input, a bias an op of its own.
///
/// # Errors
/// [`ImportError`], naming what of the file cannot be imported.
pub fn import(
    path: &Path,
    options: &Import,
    preprocessing: impl FnOnce(usize) -> Preprocessing,
) -> Result<PackedModel, ImportError> {
    from_source(&Source::open(path)?, options, preprocessing)
}

/// The same for the content of a file; `path` is where it lies, or would: tensors in files of their own are
/// looked for beside it.
///
/// # Errors
/// Those of [`import`].
pub fn import_bytes(
    path: &Path,
    bytes: Vec<u8>,
    options: &Import,
    preprocessing: impl FnOnce(usize) -> Preprocessing,
) -> Result<PackedModel, ImportError> {
    from_source(&Source::parse(path, bytes.into())?, options, preprocessing)
}

fn from_source(
    source: &Source,
    options: &Import,
    preprocessing: impl FnOnce(usize) -> Preprocessing,
) -> Result<PackedModel, ImportError> {
    let nodes = live_nodes(source)?;
    let CanvasInput { name, flow } = CanvasInput::find(source, options)?;
    let side = flow.shape.height;
    let mut network = Network::new(Shape::new(1, side, side));
    let mut values = Values::new(source);
    values.set(&name, Value::Flow(flow));
    for node in &nodes {
        let value = ops::import(node, &values, &mut network)?;
        let output = node.outputs.first().map_or("", String::as_str);
        if values.by_name(output).is_some() || source.is_initializer(output) {
            return Err(node.refuse(format!("gives '{output}', which is given already")));
        }
        values.set(output, value);
    }
    let output = &source.outputs[0].name;
    let Some(Value::Flow(flow)) = values.by_name(output) else {
        return Err(ImportError::interface(format!("output '{output}' does not depend on the input")));
    };
    let shape = flow.shape;
    if shape.positions() != 1 {
        return Err(ImportError::interface(format!("output '{output}' is {shape}, not one number a label")));
    }
    let (graph, parameters) = network.finish(flow.node).map_err(ImportError::interface)?;
    let labels =
        options.labels.clone().unwrap_or_else(|| (0..shape.channels).map(|it| it.to_string()).collect());
    if labels.len() != shape.channels {
        let reason = format!("there are {} labels for {} outputs", labels.len(), shape.channels);
        return Err(ImportError::interface(reason));
    }
    let packed = PackedModel {
        graph,
        labels,
        preprocessing: preprocessing(side),
        provenance: provenance(source),
        parameters,
    };
    check(&packed)?;
    Ok(packed)
}

/// Compiles and runs it once, so that what is written can be used.
fn check(packed: &PackedModel) -> Result<(), ImportError> {
    let model = Model::new(packed.clone())?;
    let mut session = Session::with_threads(&model, 1)?;
    for (ink, what) in [(0, "blank paper"), (255, "a canvas full of ink")] {
        let canvas = vec![packed.preprocessing.canvas.normalize(ink); model.input_len()];
        if !session.run(&canvas)?.iter().all(|logit| logit.is_finite()) {
            return Err(ImportError::interface(format!("{what} gives an answer that is no number")));
        }
    }
    Ok(())
}

/// The nodes that the output needs, in the order of the file.
fn live_nodes(source: &Source) -> Result<Vec<Node>, ImportError> {
    let [output] = &source.outputs[..] else {
        let names: Vec<&str> = source.outputs.iter().map(|output| &output.name[..]).collect();
        let reason = format!("the network has {} outputs ({}), not one", names.len(), names.join(", "));
        return Err(ImportError::interface(reason));
    };
    let mut wanted = HashSet::from([output.name.clone()]);
    let mut live = Vec::new();
    for bytes in source.graph.nodes.iter().rev() {
        let node = Node::read(bytes, source.opset)
            .map_err(|reason| source.damaged(format!("a node cannot be read: {reason}")))?;
        if node.outputs.iter().any(|output| !output.is_empty() && wanted.contains(output)) {
            wanted.extend(node.inputs.iter().cloned());
            live.push(node);
        }
    }
    live.reverse();
    Ok(live)
}

fn provenance(source: &Source) -> BTreeMap<String, Json> {
    let file = source.path().file_name().unwrap_or_default().to_string_lossy();
    let imported =
        json!({ "format": "onnx", "file": file, "opset": source.opset, "producer": source.producer });
    BTreeMap::from([("imported".to_owned(), imported)])
}

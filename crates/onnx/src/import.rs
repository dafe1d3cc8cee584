//! Networks of ONNX files as networks of this project.

mod activation;
mod constant;
mod error;
mod graph_values;
mod input;
mod network;
mod node;
mod ops;
mod source;
#[cfg(test)]
mod tests;

use derive_setters::Setters;
use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use dabnet_engine::{Model, PackedModel, Session};
use dabnet_graph::{Preprocessing, Shape};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

pub use self::error::ImportError;
use self::{
    graph_values::{GraphValues, TensorValue},
    input::CanvasInput,
    network::NetworkBuilder,
    node::OnnxNode,
    source::OnnxFile,
};
use crate::{key, messages};

/// Options of an import.
///
/// ```no_run
/// use dabnet_graph::{Canvas, Preprocessing};
///
/// # fn main() -> Result<(), dabnet_onnx::ImportError> {
/// let options = dabnet_onnx::ImportOptions::default();
/// let preprocessing = |side| Preprocessing::lines(Canvas::to_measure(side));
/// let model = dabnet_onnx::import("model.onnx".as_ref(), &options, preprocessing)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, Setters)]
#[setters(prefix = "with_")]
#[non_exhaustive]
pub struct ImportOptions {
    /// Side of the canvas, required if the file leaves it open.
    pub side: Option<usize>,
    /// True if an input of three channels is the canvas repeated three times.
    pub rgb: bool,
    /// One label an output. Without, those that the file states, or numbers.
    pub labels: Option<Vec<String>>,
    /// True if the preprocessing that a file of this project states is not to be used.
    pub ignore_stated_preprocessing: bool,
}

/// Imports the network of an ONNX file. `preprocessing` returns the preprocessing for an input of the given
/// side, unless the file, which [`export`](crate::export) wrote, states its own.
///
/// The logits are those of the file: a softmax at its end is left out. What was a dense layer is a convolution as
/// large as its input, a bias an op of its own.
///
/// # Errors
/// [`ImportError`], naming what of the file cannot be imported.
pub fn import(
    path: &Path,
    options: &ImportOptions,
    preprocessing: impl FnOnce(usize) -> Preprocessing,
) -> Result<PackedModel, ImportError> {
    from_source(&OnnxFile::open(path)?, options, preprocessing)
}

/// Imports the network in the content of a file. Tensors in other files are looked up beside `path`.
///
/// # Errors
/// Those of [`import`].
pub fn import_bytes(
    path: &Path,
    bytes: Vec<u8>,
    options: &ImportOptions,
    preprocessing: impl FnOnce(usize) -> Preprocessing,
) -> Result<PackedModel, ImportError> {
    from_source(&OnnxFile::parse(path, bytes.into())?, options, preprocessing)
}

fn from_source(
    source: &OnnxFile,
    options: &ImportOptions,
    preprocessing: impl FnOnce(usize) -> Preprocessing,
) -> Result<PackedModel, ImportError> {
    let nodes = live_nodes(source)?;
    let stated = if options.ignore_stated_preprocessing { None } else { stated(source, key::PREPROCESSING)? };
    let channels = stated.as_ref().map_or(1, |stated: &Preprocessing| stated.channels.count());
    let CanvasInput { name, activation } = CanvasInput::find(source, options, channels)?;
    let side = activation.shape.height;
    let mut network = NetworkBuilder::new(Shape::new(channels, side, side));
    let mut values = GraphValues::new(source);
    values.set(&name, TensorValue::Activation(activation));
    for node in &nodes {
        let value = ops::import(node, &values, &mut network)?;
        let output = node.outputs.first().map_or("", String::as_str);
        if values.by_name(output).is_some() || source.is_initializer(output) {
            return Err(node.refuse(format!("gives '{output}', which is given already")));
        }
        values.set(output, value);
    }
    let output = &source.outputs[0].name;
    let Some(TensorValue::Activation(activation)) = values.by_name(output) else {
        return Err(ImportError::interface(format!("output '{output}' does not depend on the input")));
    };
    let shape = activation.shape;
    if shape.positions() != 1 {
        return Err(ImportError::interface(format!("output '{output}' is {shape}, not one number a label")));
    }
    let (graph, parameters) = network.finish(activation.node).map_err(ImportError::interface)?;
    let labels = match &options.labels {
        Some(labels) => labels.clone(),
        None => self::stated(source, key::LABELS)?
            .unwrap_or_else(|| (0..shape.channels).map(|it| it.to_string()).collect()),
    };
    if labels.len() != shape.channels {
        let reason = format!("there are {} labels for {} outputs", labels.len(), shape.channels);
        return Err(ImportError::interface(reason));
    }
    if let Some(label) =
        labels.iter().find(|label| label.chars().any(char::is_control) || label.trim() != *label)
    {
        return Err(ImportError::interface(format!(
            "the label {label:?} has spaces around it or is no line of text"
        )));
    }
    let packed = PackedModel {
        graph,
        labels,
        preprocessing: stated.unwrap_or_else(|| preprocessing(side)),
        provenance: provenance(source),
        parameters,
        calibration: None,
    };
    check(&packed)?;
    Ok(packed)
}

/// What a file of this project states under a key of its metadata.
fn stated<T: DeserializeOwned>(source: &OnnxFile, key: &str) -> Result<Option<T>, ImportError> {
    let read = |text: &String| serde_json::from_str(text);
    let value = source.metadata.get(key).map(read).transpose();
    value.map_err(|error| source.damaged(format!("its metadata, '{key}': {error}")))
}

/// Compiles the model and runs it once, so that the result is known to work.
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

/// Nodes that the output depends on, in the order of the file.
fn live_nodes(source: &OnnxFile) -> Result<Vec<OnnxNode>, ImportError> {
    let [output] = &source.outputs[..] else {
        let names: Vec<&str> = source.outputs.iter().map(|output| &output.name[..]).collect();
        let reason = format!("the network has {} outputs ({}), not one", names.len(), names.join(", "));
        return Err(ImportError::interface(reason));
    };
    let mut wanted = HashSet::from([output.name.clone()]);
    let mut live = Vec::new();
    for bytes in source.graph.nodes.iter().rev() {
        let node = OnnxNode::read(bytes, source.opset)
            .map_err(|reason| source.damaged(format!("a node cannot be read: {reason}")))?;
        if node.outputs.iter().any(|output| !output.is_empty() && wanted.contains(output)) {
            wanted.extend(node.inputs.iter().cloned());
            live.push(node);
        }
    }
    live.reverse();
    Ok(live)
}

fn provenance(source: &OnnxFile) -> BTreeMap<String, Json> {
    let file = source.path().file_name().unwrap_or_default().to_string_lossy();
    let imported =
        json!({ "format": "onnx", "file": file, "opset": source.opset, "producer": source.producer });
    BTreeMap::from([("imported".to_owned(), imported)])
}

use std::{collections::BTreeMap, path::Path};

use dabnet_data::{Dataset, Part};
use dabnet_engine::{Model, PackedModel};
use dabnet_graph::{Canvas, Conv2d, Padding, Preprocessing};
use dabnet_sketch::{Preprocess, Sketch, read_file};
use dabnet_train::node_outputs;
use dabnet_weights::{FilterAxis, Tensor};

use super::convolution::{Convolution, Map};
use crate::error::CliError;

/// Preprocessing for filters of which no network is known.
const PREPROCESSING: Preprocessing =
    Preprocessing::lines(Canvas { side: 64, line_width: 0.04, margin: 0.06, mean: 0.0, std: 1.0 });

/// Word of the bundled sketch.
const WORD: &str = "butterfly";

/// A sketch, and what each layer sees of it.
#[derive(Debug)]
pub(super) struct Stage {
    pub sketch: Sketch,
    /// Whether it is one of the bundled ones.
    pub bundled: bool,
    ink: Map,
    /// What every convolution of the network sees, if the network is known.
    pub seen: Option<BTreeMap<String, Seen>>,
}

/// A convolution of a network, and its input.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub conv: Conv2d,
    pub input: Map,
}

/// What the filters of one layer are applied to, and how.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub input: Map,
    pub convolution: Convolution,
    /// Whether every channel is the sketch, for want of knowing better.
    pub same: bool,
}

impl Stage {
    /// With the first sketch of a file, or a bundled one.
    pub(super) fn new(file: Option<&Path>, model: Option<&PackedModel>) -> Result<Self, CliError> {
        let sketch = match file {
            Some(file) => first(file)?,
            None => bundled()?,
        };
        let preprocessing = model.map_or(&PREPROCESSING, |model| &model.preprocessing);
        let (mut values, side) = (preprocessing.apply(&sketch.drawing), preprocessing.canvas.side);
        let seen = model.map(|model| seen(model, &values)).transpose()?;
        // Of several channels the first is the ink.
        values.truncate(side * side);
        let ink = Map { channels: 1, height: side, width: side, values };
        Ok(Self { sketch, bundled: file.is_none(), ink, seen })
    }

    /// What a tensor's filters are applied to; nothing if they have no places, or no place in the
    /// network.
    pub(super) fn scene(&self, tensor: &Tensor) -> Option<Scene> {
        let (&[out, channels, height, width], FilterAxis::First) = (&tensor.shape[..], tensor.filters) else {
            return None;
        };
        let Some(seen) = &self.seen else {
            let fits = height <= self.ink.height && width <= self.ink.width;
            let (down, across) = (height / 2, width / 2);
            let padding = Padding { top: down, left: across, bottom: down, right: across };
            let convolution = Convolution { kernel: [height, width], stride: 1, padding };
            return fits.then(|| Scene { input: self.ink.clone(), convolution, same: true });
        };
        let Seen { conv, input } = seen.get(tensor.name.strip_suffix(".weight")?)?;
        let shape = [conv.out_channels, input.channels, conv.kernel, conv.kernel];
        (shape == [out, channels, height, width]).then(|| Scene {
            input: input.clone(),
            convolution: conv.into(),
            same: false,
        })
    }
}

impl Scene {
    /// What a filter answers.
    pub(super) fn answer(&self, filter: &[f32]) -> Map {
        let taps = self.convolution.kernel[0] * self.convolution.kernel[1];
        if !self.same {
            return self.convolution.run(&self.input, filter);
        }
        // Where all channels are the same, a filter is the sum of its tiles.
        let mut sum = vec![0.0; taps];
        for tile in filter.chunks_exact(taps) {
            sum.iter_mut().zip(tile).for_each(|(sum, weight)| *sum += weight);
        }
        self.convolution.run(&self.input, &sum)
    }
}

/// What every convolution sees when the network sees `canvas`, by name.
fn seen(model: &PackedModel, canvas: &[f32]) -> Result<BTreeMap<String, Seen>, CliError> {
    // Whatever a file claims, nothing larger than the engine takes is run.
    Model::new(model.clone())?;
    let (graph, outputs) = (&model.graph, node_outputs(model, canvas)?);
    let seen = graph.convolutions().map(|(id, node, conv)| {
        let (shape, values) = (graph.input_shape_of(id), outputs[node.inputs[0]].clone());
        let input = Map { channels: shape.channels, height: shape.height, width: shape.width, values };
        (node.name.clone(), Seen { conv: *conv, input })
    });
    Ok(seen.collect())
}

fn first(file: &Path) -> Result<Sketch, CliError> {
    let none = || CliError::Input(format!("'{}' has no sketch: give one that has", file.display()));
    Ok(read_file(file)?.next().ok_or_else(none)??)
}

fn bundled() -> Result<Sketch, CliError> {
    let test = Dataset::bundled()?.labeled_sketches(Part::Test)?;
    let of_word = |sketch: &Sketch| sketch.word.as_deref() == Some(WORD);
    let mut sketches = test.into_iter().map(|example| example.sketch);
    sketches.find(of_word).ok_or_else(|| CliError::Failure(format!("the bundled sketches have no {WORD}")))
}

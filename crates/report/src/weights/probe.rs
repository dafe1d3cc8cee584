use std::collections::BTreeMap;

use dabnet_engine::{Model, PackedModel};
use dabnet_graph::{Canvas, Conv2d, Padding, Preprocessing};
use dabnet_sketch::{Preprocess, Sketch};
use dabnet_train::node_outputs;
use dabnet_weights::{FilterAxis, Tensor};

use super::{
    ReportError,
    convolution::{Convolution, FeatureMap},
};

/// Preprocessing for filters whose network is not known.
const PREPROCESSING: Preprocessing =
    Preprocessing::lines(Canvas { side: 64, line_width: 0.04, margin: 0.06, mean: 0.0, std: 1.0 });

/// A sketch that filters are applied to, with the inputs that it gives every layer.
#[derive(Debug)]
pub struct ProbeSketch {
    pub(super) sketch: Sketch,
    /// True if the sketch is one of the bundled ones.
    pub(super) is_bundled: bool,
    ink: FeatureMap,
    /// Input of every convolution by name, if the network is known.
    pub(super) layer_inputs: Option<BTreeMap<String, LayerInput>>,
}

/// A convolution of a network, and its input.
#[derive(Clone, Debug)]
pub(super) struct LayerInput {
    conv: Conv2d,
    map: FeatureMap,
}

/// The input of a layer's filters, and the convolution that applies them.
#[derive(Clone, Debug)]
pub(super) struct FilterInput {
    pub(super) map: FeatureMap,
    pub(super) convolution: Convolution,
    /// True if the map is taken for every input channel, because the real input is not known.
    pub(super) same_channels: bool,
}

impl ProbeSketch {
    /// Runs a sketch through the model, if there is one.
    ///
    /// # Errors
    /// [`ReportError`] if the model is not valid or cannot be run.
    pub fn new(sketch: Sketch, is_bundled: bool, model: Option<&PackedModel>) -> Result<Self, ReportError> {
        let preprocessing = model.map_or(&PREPROCESSING, |model| &model.preprocessing);
        let (mut values, side) = (preprocessing.apply(&sketch.drawing), preprocessing.canvas.side);
        let layer_inputs = model.map(|model| layer_inputs(model, &values)).transpose()?;
        // Of several channels the first is the ink.
        values.truncate(side * side);
        let ink = FeatureMap { channels: 1, height: side, width: side, values };
        Ok(Self { sketch, is_bundled, ink, layer_inputs })
    }

    /// Input of a tensor's filters; none if the filters have no spatial extent or are not in the network.
    pub(super) fn filter_input(&self, tensor: &Tensor) -> Option<FilterInput> {
        let (&[out, channels, height, width], FilterAxis::First) = (&tensor.shape[..], tensor.filters) else {
            return None;
        };
        let Some(inputs) = &self.layer_inputs else {
            let fits = height <= self.ink.height && width <= self.ink.width;
            let (down, across) = (height / 2, width / 2);
            let padding = Padding { top: down, left: across, bottom: down, right: across };
            let convolution = Convolution { kernel: [height, width], stride: 1, padding };
            return fits.then(|| FilterInput { map: self.ink.clone(), convolution, same_channels: true });
        };
        let LayerInput { conv, map } = inputs.get(tensor.name.strip_suffix(".weight")?)?;
        let shape = [conv.out_channels, map.channels, conv.kernel, conv.kernel];
        (shape == [out, channels, height, width]).then(|| FilterInput {
            map: map.clone(),
            convolution: conv.into(),
            same_channels: false,
        })
    }
}

impl FilterInput {
    /// Response of a filter.
    pub(super) fn convolve(&self, filter: &[f32]) -> FeatureMap {
        let taps = self.convolution.kernel[0] * self.convolution.kernel[1];
        if !self.same_channels {
            return self.convolution.run(&self.map, filter);
        }
        // Where all channels are the same, a filter is the sum of its tiles.
        let mut sum = vec![0.0; taps];
        for tile in filter.chunks_exact(taps) {
            sum.iter_mut().zip(tile).for_each(|(sum, weight)| *sum += weight);
        }
        self.convolution.run(&self.map, &sum)
    }
}

/// Inputs of all convolutions by name, of a network that sees `canvas`.
fn layer_inputs(model: &PackedModel, canvas: &[f32]) -> Result<BTreeMap<String, LayerInput>, ReportError> {
    // Whatever a file claims, nothing larger than the engine takes is run.
    Model::new(model.clone())?;
    let (graph, outputs) = (&model.graph, node_outputs(model, canvas)?);
    let inputs = graph.convolutions().map(|(id, node, conv)| {
        let (shape, values) = (graph.input_shape_of(id), outputs[node.inputs[0]].clone());
        let map = FeatureMap { channels: shape.channels, height: shape.height, width: shape.width, values };
        (node.name.clone(), LayerInput { conv: *conv, map })
    });
    Ok(inputs.collect())
}

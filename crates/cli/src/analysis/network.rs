//! A packed model run in floating point, to see what each of its layers sees.

use std::collections::BTreeMap;

use dabnet_engine::{EngineError, Model, PackedModel, Parameters};
use dabnet_graph::{Conv2d, Op};

use super::convolution::{Convolution, Map};

/// What a convolution does, and on what.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub conv: Conv2d,
    pub input: Map,
}

/// What every convolution sees when the network sees `canvas`, by name.
///
/// # Errors
/// [`EngineError`] for a model that the engine refuses.
pub(super) fn run(packed: &PackedModel, canvas: Vec<f32>) -> Result<BTreeMap<String, Seen>, EngineError> {
    // Whatever a file claims, nothing larger than the engine takes is run.
    Model::new(packed.clone())?;
    let shape = packed.graph.input_shape();
    let mut seen = BTreeMap::new();
    let mut maps =
        vec![Map { channels: shape.channels, height: shape.height, width: shape.width, values: canvas }];
    for node in &packed.graph.nodes()[1..] {
        let input = &maps[node.inputs[0]];
        let output = match &node.op {
            Op::Conv2d(conv) => {
                seen.insert(node.name.clone(), Seen { conv: *conv, input: input.clone() });
                Convolution::from(conv).run(input, &packed.dense(&node.name)?)
            }
            Op::BatchNorm { .. } => affine(input, packed.parameters.get(&node.name)),
            Op::Relu => each(input, |value| value.max(0.0)),
            Op::Sign => each(input, |value| if value >= 0.0 { 1.0 } else { -1.0 }),
            Op::MaxPool { kernel, stride } => max_pool(input, *kernel, *stride),
            Op::Input { .. } | Op::Dropout { .. } => input.clone(),
        };
        maps.push(output);
    }
    Ok(seen)
}

impl From<&Conv2d> for Convolution {
    fn from(conv: &Conv2d) -> Self {
        Self { kernel: [conv.kernel; 2], stride: conv.stride, padding: [conv.padding; 2] }
    }
}

fn each(input: &Map, of: impl Fn(f32) -> f32) -> Map {
    Map { values: input.values.iter().copied().map(of).collect(), ..*input }
}

fn affine(input: &Map, parameters: Option<&Parameters>) -> Map {
    let Some(Parameters::Affine { scale, shift }) = parameters else { return input.clone() };
    let channels = input.values.chunks(input.positions()).zip(scale.iter().zip(shift));
    let values =
        channels.flat_map(|(channel, (scale, shift))| channel.iter().map(move |value| scale * value + shift));
    Map { values: values.collect(), ..*input }
}

fn max_pool(input: &Map, kernel: usize, stride: usize) -> Map {
    let extent = |side: usize| (side - kernel) / stride + 1;
    let (height, width) = (extent(input.height), extent(input.width));
    let mut values = Vec::with_capacity(input.channels * height * width);
    for channel in input.values.chunks(input.positions()) {
        for place in 0..height * width {
            let corner = place / width * stride * input.width + place % width * stride;
            let window = (0..kernel * kernel).map(|tap| corner + tap / kernel * input.width + tap % kernel);
            values.push(window.map(|at| channel[at]).fold(f32::NEG_INFINITY, f32::max));
        }
    }
    Map { channels: input.channels, height, width, values }
}

#[cfg(test)]
mod tests {
    use dabnet_engine::Session;
    use dabnet_graph::{Canvas, Policy, architectures};

    use super::*;

    #[test]
    fn the_last_layer_sees_what_the_engine_computes_its_logits_from() {
        let graph = architectures::find("sketch-a-net-64").unwrap().graph(64, 5, &Policy::Fbin).unwrap();
        let canvas = Canvas { side: 64, line_width: 0.04, margin: 0.03, mean: 0.0, std: 1.0 };
        let packed = PackedModel::random(graph, canvas, 7);
        let ink: Vec<f32> = (0..64 * 64).map(|pixel| f32::from(u8::from(pixel % 37 < 5))).collect();
        let seen = run(&packed, ink.clone()).unwrap();
        let Seen { conv, input } = &seen["conv8"];
        let logits = Convolution::from(conv).run(input, &packed.dense("conv8").unwrap()).values;
        let mut session = Session::new(&Model::new(packed).unwrap());
        let expected = session.run(&ink).unwrap();
        let largest = expected.iter().fold(0.0f32, |most, logit| most.max(logit.abs()));
        for (logit, expected) in logits.iter().zip(expected) {
            assert!((logit - expected).abs() <= 1e-3 * largest, "{logit} is not {expected}");
        }
    }
}

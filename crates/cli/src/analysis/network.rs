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
                convolve(conv, input, &packed.dense(&node.name)?)
            }
            Op::BatchNorm { .. } => affine(input, packed.parameters.get(&node.name)),
            Op::Relu => each(input, |value| value.max(0.0)),
            Op::RPReLU => rprelu(input, packed.parameters.get(&node.name)),
            Op::Sign => each(input, |value| if value >= 0.0 { 1.0 } else { -1.0 }),
            Op::MaxPool { kernel, stride, padding } => {
                let most = |window: &[f32]| window.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                pool(input, [*kernel; 2], *stride, *padding, most)
            }
            Op::AvgPool { kernel, stride } => pool(input, [*kernel; 2], *stride, 0, mean),
            Op::GlobalAvgPool => pool(input, [input.height, input.width], 1, 0, mean),
            Op::Add => node.inputs[1..].iter().fold(input.clone(), |sum, &other| add(sum, &maps[other])),
            Op::Concat => concat(node.inputs.iter().map(|&each| &maps[each])),
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

fn rprelu(input: &Map, parameters: Option<&Parameters>) -> Map {
    let Some(Parameters::RPReLU { threshold, slope, shift }) = parameters else { return input.clone() };
    let channels = input.values.chunks(input.positions()).zip(threshold.iter().zip(slope).zip(shift));
    let values = channels.flat_map(|(channel, ((threshold, slope), shift))| {
        channel.iter().map(move |value| {
            let above = value - threshold;
            (if above > 0.0 { above } else { slope * above }) + shift
        })
    });
    Map { values: values.collect(), ..*input }
}

/// Each group of filters on its own channels.
fn convolve(conv: &Conv2d, input: &Map, filters: &[f32]) -> Map {
    let channels = conv.group_channels(input.channels);
    let parts = filters.chunks(filters.len() / conv.groups);
    let parts = parts.zip(input.values.chunks(channels * input.positions())).map(|(filters, values)| {
        Convolution::from(conv).run(&Map { channels, values: values.to_vec(), ..*input }, filters)
    });
    concat(parts.collect::<Vec<_>>().iter())
}

fn add(mut sum: Map, other: &Map) -> Map {
    sum.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
    sum
}

fn concat<'a>(maps: impl Iterator<Item = &'a Map>) -> Map {
    let mut all = Map { channels: 0, height: 0, width: 0, values: Vec::new() };
    for map in maps {
        (all.height, all.width) = (map.height, map.width);
        all.channels += map.channels;
        all.values.extend(&map.values);
    }
    all
}

fn mean(window: &[f32]) -> f32 {
    window.iter().sum::<f32>() / window.len() as f32
}

/// `of` what lies on the input under each window.
fn pool(input: &Map, kernel: [usize; 2], stride: usize, padding: usize, of: impl Fn(&[f32]) -> f32) -> Map {
    let extent = |side: usize, kernel: usize| (side + 2 * padding - kernel) / stride + 1;
    let (height, width) = (extent(input.height, kernel[0]), extent(input.width, kernel[1]));
    let inside = |at: usize, kernel: usize, side: usize| {
        (at * stride).saturating_sub(padding)..(at * stride + kernel - padding).min(side)
    };
    let mut values = Vec::with_capacity(input.channels * height * width);
    let mut window = Vec::new();
    for channel in input.values.chunks(input.positions()) {
        for place in 0..height * width {
            window.clear();
            for row in inside(place / width, kernel[0], input.height) {
                let row = &channel[row * input.width..][..input.width];
                window.extend(&row[inside(place % width, kernel[1], input.width)]);
            }
            values.push(of(&window));
        }
    }
    Map { channels: input.channels, height, width, values }
}

#[cfg(test)]
mod tests {
    use dabnet_engine::Session;
    use dabnet_graph::{Canvas, Policy, Preprocessing, architectures};

    use super::*;

    #[test]
    fn the_last_layer_sees_what_the_engine_computes_its_logits_from() {
        agrees("sketch-a-net-64", "conv8");
        agrees("resnet-18", "fc");
        agrees("googlenet", "fc");
    }

    fn agrees(architecture: &str, last: &str) {
        let graph = architectures::find(architecture).unwrap().graph(64, 5, &Policy::Fbin).unwrap();
        let canvas = Canvas { side: 64, line_width: 0.04, margin: 0.03, mean: 0.0, std: 1.0 };
        let packed = PackedModel::random(graph, Preprocessing::lines(canvas), 7);
        let ink: Vec<f32> = (0..64 * 64).map(|pixel| f32::from(u8::from(pixel % 37 < 5))).collect();
        let seen = run(&packed, ink.clone()).unwrap();
        let Seen { conv, input } = &seen[last];
        let logits = Convolution::from(conv).run(input, &packed.dense(last).unwrap()).values;
        let mut session = Session::new(&Model::new(packed).unwrap());
        let expected = session.run(&ink).unwrap();
        let largest = expected.iter().fold(0.0f32, |most, logit| most.max(logit.abs()));
        for (logit, expected) in logits.iter().zip(expected) {
            assert!((logit - expected).abs() <= 1e-3 * largest, "{logit} is not {expected}");
        }
    }
}

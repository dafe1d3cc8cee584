//! Tests of every backend of this build against a reference evaluation in double precision.

use dabnet_binarize::Scheme;
use dabnet_graph::{
    ArchitectureOptions, ConvSpec, GraphBuilder, Op, Padding, ParameterRole, ParameterSpec, PointwiseOp,
    Policy, WeightFormat, architectures,
};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::{Device, Parameters, backend, effective::effective_weights};

const SIDE: usize = 13;
const CLASSES: usize = 3;
const SMOOTHING: f32 = 0.1;

/// Policies and input bits.
const NETWORKS: [(&str, &str); 5] =
    [("full", "1"), ("wbin", "1"), ("fbin", "1"), ("fbin", "2"), ("fbin", "4,conv3=1,conv5=2")];

/// A network of every op, with strides, padding, groups, kernels of one and of the whole input, and several
/// consumers.
fn graph(policy: &str, input_bits: &str) -> Graph {
    graph_with(policy, ArchitectureOptions::default().with_input_bits(input_bits.parse().unwrap()))
}

fn graph_with(policy: &str, options: ArchitectureOptions) -> Graph {
    let policy: Policy = policy.parse().unwrap();
    let mut net = GraphBuilder::new("all", &policy, Shape::new(2, SIDE, SIDE)).options(options);
    let stem = net.full_layer("conv1", ConvSpec::new(8, 3).stride(2).padding(1));
    let around = net.padded_max_pool("pool1", 3, 2, 1);
    net.go_to(stem);
    net.layer("conv2", ConvSpec::new(8, 5).stride(2).padding(2).groups(2));
    let sum = net.add("sum", around);
    // The last ones first, as behind a ReLU nothing is negative.
    PointwiseOp::ALL.into_iter().rev().for_each(|op| _ = net.push(format!("{op:?}"), op.into()));
    net.layer("conv3", ConvSpec::new(6, 1));
    let pointwise = net.head();
    net.go_to(sum);
    net.layer("conv4", ConvSpec::new(4, 1).stride(1).groups(4));
    net.concat("both", vec![sum, pointwise, net.head()]);
    net.push("pool2", Op::AvgPool { kernel: 2, stride: 1, padding: Padding::NONE });
    net.layer("conv5", ConvSpec::new(70, net.extent()));
    net.layer_behind_norm("conv6", ConvSpec::new(8, 1));
    net.global_avg_pool("mean");
    net.conv("conv7", ConvSpec::new(CLASSES, 1));
    net.build().unwrap()
}

/// Windows that stick out differently at every side.
fn uneven(policy: &str) -> Graph {
    let policy: Policy = policy.parse().unwrap();
    let uneven = |[top, left, bottom, right]: [usize; 4]| Padding { top, left, bottom, right };
    let mut net = GraphBuilder::new("uneven", &policy, Shape::new(2, SIDE, SIDE));
    let stem = net.full_layer("conv1", ConvSpec::new(8, 3).stride(2).padded(uneven([0, 2, 2, 0])));
    // Of what binary layers give, several would be the greatest.
    let maxima = net.push("maxima", Op::MaxPool { kernel: 3, stride: 2, padding: uneven([2, 0, 0, 2]) });
    net.go_to(stem);
    net.layer("conv2", ConvSpec::new(8, 3).stride(2).padded(uneven([0, 1, 2, 1])));
    net.push("means", Op::AvgPool { kernel: 2, stride: 1, padding: uneven([0, 0, 1, 1]) });
    net.add("sum", maxima);
    net.conv("last", ConvSpec::new(CLASSES, net.extent()));
    net.build().unwrap()
}

/// A plane of numbers for each example and channel.
type ReferenceValues = Vec<Vec<Vec<f64>>>;

/// Reference evaluation of a graph by definition.
struct ReferenceEvaluator<'a> {
    graph: &'a Graph,
    parameters: &'a Parameters,
    /// Values that are trained, effective ones of convolutions, in the order of gradients.
    trained: Vec<(ParameterSpec, Vec<f64>)>,
    /// True if batch normalization uses batch statistics.
    trains: bool,
    /// Inputs of signs and quantizers around which the relaxed function is evaluated.
    around: Option<Vec<Option<ReferenceValues>>>,
}

impl<'a> ReferenceEvaluator<'a> {
    fn new(network: NetworkRef<'a>, trains: bool) -> Self {
        let (graph, parameters) = (network.graph, network.parameters);
        let trained = parameters.iter().filter(|(spec, _)| spec.role.is_trained());
        let trained = trained.map(|(spec, values)| {
            let effective = network.effective[spec.node].as_ref();
            let values = effective.map_or(values, |effective| &effective.weights);
            (spec.clone(), values.iter().copied().map(f64::from).collect())
        });
        Self { graph, parameters, trained: trained.collect(), trains, around: None }
    }

    /// Every buffer that is trained, in the order of gradients.
    fn buffers(&mut self) -> Vec<&mut Vec<f64>> {
        self.trained.iter_mut().map(|(_, values)| values).collect()
    }

    fn values(&self, id: usize, name: &str) -> &[f64] {
        let mut trained = self.trained.iter();
        &trained.find(|(spec, _)| spec.node == id && spec.name == name).unwrap().1
    }

    /// Outputs of all nodes.
    fn run(&self, canvases: &[f32], count: usize) -> Vec<ReferenceValues> {
        let mut all: Vec<ReferenceValues> = Vec::new();
        for (id, node) in self.graph.nodes().iter().enumerate() {
            let shape = self.graph.shape(id);
            let read = |input: usize| &all[node.inputs[input]];
            let values: ReferenceValues = match node.op.kind() {
                OpKind::Input { .. } => canvases
                    .chunks(canvases.len() / count)
                    .map(|it| {
                        it.chunks(shape.positions())
                            .map(|it| it.iter().map(|&x| f64::from(x)).collect())
                            .collect()
                    })
                    .collect(),
                OpKind::Conv2d(conv) => self.conv(id, conv, read(0)),
                OpKind::BatchNorm { epsilon } => self.norm(id, read(0), f64::from(epsilon)),
                OpKind::Pointwise(op) => self.pointwise(id, op, read(0)),
                OpKind::Sign => match &self.around {
                    None => map(read(0), |x| if x >= 0.0 { 1.0 } else { -1.0 }),
                    Some(around) => pairs(read(0), around[id].as_ref().unwrap(), |x, at| {
                        (if at >= 0.0 { 1.0 } else { -1.0 }) + x.clamp(-1.0, 1.0) - at.clamp(-1.0, 1.0)
                    }),
                },
                OpKind::Quantize { bits } => self.quantize(id, bits, read(0)),
                OpKind::MaxPool { kernel, stride, padding } => windows(
                    read(0),
                    self.graph.input_shape_of(id),
                    shape,
                    (kernel, stride, padding),
                    |window| window.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                ),
                OpKind::AvgPool { kernel, stride, padding } => windows(
                    read(0),
                    self.graph.input_shape_of(id),
                    shape,
                    (kernel, stride, padding),
                    |window| window.iter().sum::<f64>() / window.len() as f64,
                ),
                OpKind::GlobalAvgPool => {
                    let mean = |plane: &Vec<f64>| vec![plane.iter().sum::<f64>() / plane.len() as f64];
                    read(0).iter().map(|example| example.iter().map(mean).collect()).collect()
                }
                OpKind::Add => (1..node.inputs.len())
                    .fold(read(0).clone(), |sum, at| pairs(&sum, read(at), |a, b| a + b)),
                OpKind::Concat => (0..count)
                    .map(|example| (0..node.inputs.len()).flat_map(|at| read(at)[example].clone()).collect())
                    .collect(),
                OpKind::Dropout { .. } => read(0).clone(),
            };
            all.push(values);
        }
        all
    }

    fn conv(&self, id: usize, conv: &Conv2d, input: &ReferenceValues) -> ReferenceValues {
        let (shape, output) = (self.graph.input_shape_of(id), self.graph.shape(id));
        let weights = self.values(id, "weight");
        let channels = shape.channels / conv.groups;
        let mut result = vec![vec![vec![0.0; output.positions()]; output.channels]; input.len()];
        for (example, planes) in result.iter_mut().enumerate() {
            for (filter, plane) in planes.iter_mut().enumerate() {
                let group = filter / (output.channels / conv.groups);
                for (at, sum) in plane.iter_mut().enumerate() {
                    for (channel, down, right) in taps(channels, conv.kernel) {
                        let row = (at / output.width * conv.stride + down).checked_sub(conv.padding.top);
                        let column = (at % output.width * conv.stride + right).checked_sub(conv.padding.left);
                        let (Some(row), Some(column)) = (row, column) else { continue };
                        if row < shape.height && column < shape.width {
                            let tap = (channel * conv.kernel + down) * conv.kernel + right;
                            *sum += weights[filter * channels * conv.kernel * conv.kernel + tap]
                                * input[example][group * channels + channel][row * shape.width + column];
                        }
                    }
                }
            }
        }
        result
    }

    fn norm(&self, id: usize, input: &ReferenceValues, epsilon: f64) -> ReferenceValues {
        let mut result = input.clone();
        for channel in 0..self.graph.shape(id).channels {
            let running = |name: &str| f64::from(self.parameters.get(id, name)[channel]);
            let all: Vec<f64> = input.iter().flat_map(|example| example[channel].clone()).collect();
            let (mean, variance) = if self.trains {
                let mean = all.iter().sum::<f64>() / all.len() as f64;
                (mean, all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64)
            } else {
                (running("mean"), running("variance"))
            };
            for value in result.iter_mut().flat_map(|example| &mut example[channel]) {
                *value = (*value - mean) / (variance + epsilon).sqrt() * self.values(id, "gamma")[channel]
                    + self.values(id, "beta")[channel];
            }
        }
        result
    }

    fn pointwise(&self, id: usize, op: PointwiseOp, input: &ReferenceValues) -> ReferenceValues {
        let mut result = input.clone();
        for (channel, plane) in result.iter_mut().flat_map(|example| example.iter_mut().enumerate()) {
            plane.iter_mut().for_each(|x| *x = op.definition(*x, |name| self.values(id, name)[channel]));
        }
        result
    }

    fn quantize(&self, id: usize, bits: u8, input: &ReferenceValues) -> ReferenceValues {
        let most = Quantizer::highest(bits) as f64;
        let place = |x: f64, step: f64| (x / step).clamp(0.0, most);
        // What rounding adds.
        let lost = |x: f64, step: f64| (place(x, step) + 0.5).floor() - place(x, step);
        let step = self.values(id, "step")[0];
        match &self.around {
            None => map(input, |x| step * (place(x, step) + lost(x, step))),
            Some(around) => {
                let held = f64::from(self.parameters.get(id, "step")[0]);
                pairs(input, around[id].as_ref().unwrap(), |x, at| step * (place(x, step) + lost(at, held)))
            }
        }
    }

    fn logits(&self, canvases: &[f32], count: usize) -> Vec<Vec<f64>> {
        self.run(canvases, count).pop().unwrap().into_iter().map(|example| example.concat()).collect()
    }

    fn loss(&self, canvases: &[f32], labels: &[usize]) -> f64 {
        let logits = self.logits(canvases, labels.len());
        let losses = logits.iter().zip(labels).map(|(row, &label)| {
            let total = row.iter().map(|logit| logit.exp()).sum::<f64>().ln();
            let smoothing = f64::from(SMOOTHING);
            let all = row.iter().map(|logit| total - logit).sum::<f64>() / row.len() as f64;
            (1.0 - smoothing) * (total - row[label]) + smoothing * all
        });
        losses.sum::<f64>() / labels.len() as f64
    }
}

fn taps(channels: usize, kernel: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels).flat_map(move |c| (0..kernel).flat_map(move |d| (0..kernel).map(move |r| (c, d, r))))
}

fn map(values: &ReferenceValues, of: impl Fn(f64) -> f64) -> ReferenceValues {
    pairs(values, values, |value, _| of(value))
}

fn pairs(a: &ReferenceValues, b: &ReferenceValues, of: impl Fn(f64, f64) -> f64) -> ReferenceValues {
    let planes = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| of(*a, *b)).collect();
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(planes).collect()).collect()
}

fn windows(
    input: &ReferenceValues,
    shape: Shape,
    output: Shape,
    (kernel, stride, padding): (usize, usize, Padding),
    of: impl Fn(&[f64]) -> f64,
) -> ReferenceValues {
    let plane = |plane: &Vec<f64>| {
        let window = |at: usize| {
            let inside = taps(1, kernel).filter_map(|(_, down, right)| {
                let row = (at / output.width * stride + down).checked_sub(padding.top)?;
                let column = (at % output.width * stride + right).checked_sub(padding.left)?;
                (row < shape.height && column < shape.width).then(|| plane[row * shape.width + column])
            });
            of(&inside.collect::<Vec<_>>())
        };
        (0..output.positions()).map(window).collect()
    };
    input.iter().map(|example| example.iter().map(plane).collect()).collect()
}

fn canvases(count: usize, elements: usize) -> Vec<f32> {
    let mut rng = Pcg64::seed_from_u64(5);
    (0..count * elements).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Parameters that are not those at the start, so that nothing is zero or one by chance.
fn parameters(graph: &Graph) -> Parameters {
    let mut parameters = Parameters::new(graph, 3);
    let mut rng = Pcg64::seed_from_u64(4);
    for (spec, values) in parameters.iter_mut() {
        let (low, high) = match spec.role {
            ParameterRole::Weights | ParameterRole::LatentWeights => continue,
            ParameterRole::Channel if spec.name == "gamma" => (0.5, 1.5),
            ParameterRole::Channel => (-0.5, 0.5),
            ParameterRole::Step => (0.3, 0.6),
            ParameterRole::Mean => (-0.1, 0.1),
            ParameterRole::Variance => (0.5, 1.5),
        };
        values.iter_mut().for_each(|value| *value = rng.random_range(low..high));
    }
    parameters
}

/// Devices of this build that the machine has.
fn devices() -> impl Iterator<Item = Device> {
    [Device::Cpu, Device::LibTorch].into_iter().filter(|device| device.check().is_ok())
}

#[test]
fn gradients_are_quotients_of_differences_of_the_relaxed_function() {
    let graphs =
        NETWORKS.map(|(policy, bits)| [graph(policy, bits), uneven(policy)].map(|it| (policy, bits, it)));
    let on = |device| graphs.iter().flatten().map(move |(policy, bits, graph)| (device, policy, bits, graph));
    for (device, policy, bits, graph) in devices().flat_map(on) {
        let parameters = parameters(graph);
        let effective = effective_weights(graph, &parameters, Scheme::Dab, false).unwrap();
        let network = NetworkRef { graph, parameters: &parameters, effective: &effective };
        for count in [3, 9] {
            let canvases = canvases(count, graph.input_shape().elements());
            let labels: Vec<usize> = (0..count).map(|at| at % CLASSES).collect();
            let mut rng = Pcg64::seed_from_u64(1);
            let known: Vec<Option<usize>> = labels.iter().copied().map(Some).collect();
            let targets = BatchTargets { labels: &known, label_smoothing: SMOOTHING, teachers: None };
            let found = backend::gradients(device, false, network, &canvases, &targets, &mut rng).unwrap();

            let mut plain = ReferenceEvaluator::new(network, true);
            let values = plain.run(&canvases, count);
            let rounds = |op: &Op| matches!(op, Op::Sign | Op::Quantize { .. });
            let seen =
                graph.nodes().iter().map(|node| rounds(&node.op).then(|| values[node.inputs[0]].clone()));
            plain.around = Some(seen.collect());
            assert!(
                (f64::from(found.loss) - plain.loss(&canvases, &labels)).abs() < 1e-5,
                "{device} {policy}"
            );

            let buffers = plain.buffers().len();
            assert_eq!(found.buffers.len(), buffers);
            for buffer in 0..buffers {
                let len = found.buffers[buffer].len();
                assert_eq!(plain.buffers()[buffer].len(), len);
                let largest = found.buffers[buffer].iter().fold(0.0_f32, |most, g| most.max(g.abs()));
                for at in (0..len).step_by(len.div_ceil(4)) {
                    let mut shifted = |by: f64| {
                        plain.buffers()[buffer][at] += by;
                        let loss = plain.loss(&canvases, &labels);
                        plain.buffers()[buffer][at] -= by;
                        loss
                    };
                    let mut slope = |by: f64| (shifted(by) - shifted(-by)) / (2.0 * by);
                    let (expected, wider) = (slope(1e-6), slope(2e-6));
                    let error = (f64::from(found.buffers[buffer][at]) - expected).abs();
                    let tolerance = 1e-3 * f64::from(largest) + 1e-6;
                    // Beside a kink, such as that of a sign, there is no slope to compare with.
                    if (expected - wider).abs() > tolerance {
                        continue;
                    }
                    assert!(
                        error < tolerance,
                        "{device} {policy} {bits}, buffer {buffer}, {at}: {error} of {largest}"
                    );
                }
            }
        }
    }
}

/// bfloat16 has eight bits of precision, and rounding may move a value across a kink. Networks with binary
/// inputs are kinks throughout.
#[test]
fn gradients_in_mixed_precision_are_near_those_in_single_precision() {
    for (policy, bits) in &NETWORKS[..2] {
        for graph in [graph(policy, bits), uneven(policy)] {
            let parameters = parameters(&graph);
            let effective = effective_weights(&graph, &parameters, Scheme::Dab, false).unwrap();
            let network = NetworkRef { graph: &graph, parameters: &parameters, effective: &effective };
            let canvases = canvases(9, graph.input_shape().elements());
            let labels: Vec<Option<usize>> = (0..9).map(|at| Some(at % CLASSES)).collect();
            let targets = BatchTargets { labels: &labels, label_smoothing: SMOOTHING, teachers: None };
            let [single, mixed] = [false, true].map(|mixed_precision| {
                let mut rng = Pcg64::seed_from_u64(1);
                gradients(network, mixed_precision, &canvases, &targets, &mut rng)
            });
            assert!((single.loss - mixed.loss).abs() < 0.02, "{policy}: {} {}", single.loss, mixed.loss);
            assert_ne!(single.buffers, mixed.buffers);
            let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|it| it * it).sum::<f32>().sqrt();
            let [single, mixed] = [single, mixed].map(|it| it.buffers.concat());
            let apart = norm(&mut single.iter().zip(&mixed).map(|(a, b)| a - b));
            let share = apart / norm(&mut single.iter().copied());
            assert!(share < 0.4, "{policy} {bits}: {share}");
        }
    }
}

/// Eight-bit weights are straight-through: the gradient is that of the rounded weights.
#[test]
fn gradients_of_ends_are_those_of_what_eight_bits_leave() {
    let rounded = graph_with("fbin", ArchitectureOptions::default().with_ends(Some(WeightFormat::I8)));
    let plain = graph_with("fbin", ArchitectureOptions::default().with_ends(Some(WeightFormat::F32)));
    let latent = parameters(&rounded);
    let weights = effective_weights(&rounded, &latent, Scheme::Dab, false).unwrap();
    let mut same = latent.clone();
    let mut moved = 0;
    for (id, _, conv) in rounded.convolutions() {
        if conv.weight_format == WeightFormat::I8 {
            let of_eight_bits = &weights[id].as_ref().unwrap().weights;
            moved += usize::from(of_eight_bits != latent.get(id, "weight"));
            same.get_mut(id, "weight").copy_from_slice(of_eight_bits);
        }
    }
    assert_eq!(moved, 2, "the first layer and the last");
    let canvases = canvases(4, rounded.input_shape().elements());
    let targets =
        BatchTargets { labels: &[0, 1, 2, 0].map(Some), label_smoothing: SMOOTHING, teachers: None };
    let gradients = |graph: &Graph, parameters: &Parameters| {
        let effective = effective_weights(graph, parameters, Scheme::Dab, false).unwrap();
        let mut rng = Pcg64::seed_from_u64(1);
        let network = NetworkRef { graph, parameters, effective: &effective };
        backend::gradients(Device::Cpu, false, network, &canvases, &targets, &mut rng).unwrap().buffers
    };
    assert_eq!(gradients(&rounded, &latent), gradients(&plain, &same));
    assert_ne!(gradients(&rounded, &latent), gradients(&plain, &latent));
}

#[test]
fn logits_are_those_of_an_evaluation_of_its_own() {
    let close = |device: Device, graph: &Graph, count: usize, policy: &str| {
        let parameters = parameters(graph);
        let effective = effective_weights(graph, &parameters, Scheme::Sign, false).unwrap();
        let network = NetworkRef { graph, parameters: &parameters, effective: &effective };
        let canvases = canvases(count, graph.input_shape().elements());
        let found = backend::logits(device, network, &canvases).unwrap();
        let expected = ReferenceEvaluator::new(network, false).logits(&canvases, count).concat();
        let largest = expected.iter().fold(0.0_f64, |most, logit| most.max(logit.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (f64::from(*found) - expected).abs() < 1e-4 * largest,
                "{device} {policy}: {found} {expected}"
            );
        }
    };
    for (device, (policy, bits)) in devices().flat_map(|device| NETWORKS.map(|it| (device, it))) {
        for count in [1, 5, 11] {
            close(device, &graph(policy, bits), count, policy);
            close(device, &uneven(policy), count, policy);
        }
        let published = architectures::find("sketch-a-net").unwrap();
        close(device, &published.graph(96, 10, &policy.parse().unwrap()).unwrap(), 2, policy);
    }
}

#[test]
fn dropout_keeps_the_mean_and_passes_what_it_kept() {
    let mut net = GraphBuilder::new("drops", &Policy::Full, Shape::new(64, 8, 8));
    net.dropout("drop", 0.25);
    net.global_avg_pool("mean");
    net.conv("last", ConvSpec::new(2, 1));
    let graph = net.build().unwrap();
    let parameters = Parameters::new(&graph, 0);
    let effective = effective_weights(&graph, &parameters, Scheme::Dab, false).unwrap();
    let network = NetworkRef { graph: &graph, parameters: &parameters, effective: &effective };
    let mut rng = Pcg64::seed_from_u64(2);
    let mut forward = ForwardPass::new(network, Some(&mut rng));
    let ones = vec![1.0; 6 * 64 * 64];
    let output = forward.run(&ones);
    assert_eq!(output.examples(), 6);
    let SavedForBackward::Mask(mask) = &forward.saved[1] else { panic!("dropout keeps its mask") };
    let mask = mask.to_examples();
    let mean = mask.iter().sum::<f32>() / mask.len() as f32;
    assert!((mean - 1.0).abs() < 0.02, "{mean}");
    assert!(mask.iter().all(|&factor| factor == 0.0 || factor == 1.0 / 0.75));
    assert_eq!(logits(network, &ones).len(), 12);
}

//! Runs a graph on a tensor library, for the devices that the processor's own backend does not reach: the
//! only file that knows which library.

use std::panic;

use burn_tensor::{
    Device, Int, Tensor, TensorData, activation,
    module::{avg_pool2d, batch_norm, batch_norm_train, conv2d, max_pool2d},
    ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions},
};
use dabnet_graph::{NodeId, Op};
use rand::{Rng, RngExt};

use crate::{
    NodeParameters, Norm, TrainError,
    network::{Gradients, Network},
    targets::Targets,
};

/// Loss and gradients over a batch: `canvases` holds one input after another.
pub(crate) fn gradients(
    network: Network<'_>,
    canvases: Vec<f32>,
    targets: &Targets<'_>,
    rng: &mut dyn Rng,
    device: crate::Device,
) -> Result<Gradients, TrainError> {
    let device = opened(device).autodiff();
    let mut training = Training { device: device.clone(), rng, leaves: Vec::new(), statistics: Vec::new() };
    let logits = forward(network, &device, canvases, targets.labels.len(), &mut training);
    let Training { leaves, statistics, .. } = training;

    let correct = targets.count_correct(&values(logits.clone().detach())?);
    let (loss_value, loss) = loss(logits, targets)?;
    let gradients = loss.backward();
    let buffers = leaves.into_iter().map(|leaf| leaf.gradient(&gradients)).collect::<Result<Vec<_>, _>>()?;
    let statistics = statistics
        .into_iter()
        .map(|(id, mean, variance)| Ok((id, values(mean)?, values(variance)?)))
        .collect::<Result<Vec<_>, TrainError>>()?;
    Ok(Gradients { loss: loss_value, correct, buffers, statistics })
}

/// Logits of `count` inputs in evaluation mode, one row after another.
pub(crate) fn logits(
    network: Network<'_>,
    canvases: Vec<f32>,
    count: usize,
    device: crate::Device,
) -> Result<Vec<f32>, TrainError> {
    values(forward(network, &opened(device), canvases, count, &mut Evaluation))
}

/// That a device is there: the library panics where one is not.
pub(crate) fn check(device: crate::Device) -> Result<(), TrainError> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let sum = panic::catch_unwind(|| {
        let ones = Tensor::<1>::from_data(TensorData::new(vec![1.0_f32; 4], [4]), &opened(device));
        values((ones.clone() + ones).sum())
    });
    panic::set_hook(hook);
    let fail = |reason: &str| Err(TrainError::Device { device, reason: reason.to_owned() });
    match sum {
        Ok(Ok(sum)) if sum == [8.0] => Ok(()),
        Ok(Ok(_)) => fail("it computes wrong sums"),
        Ok(Err(error)) => fail(&error.to_string()),
        Err(_) => {
            fail("there is none on this machine, or its driver does not answer; --device cpu always works")
        }
    }
}

// Upstream means to drop LibTorch, for which the crate is pinned; it has nothing as fast in its place.
#[allow(deprecated)]
fn opened(device: crate::Device) -> Device {
    match device {
        crate::Device::Cpu => unreachable!("the processor has a backend of its own"),
        #[cfg(feature = "libtorch")]
        crate::Device::LibTorch => Device::libtorch(),
        #[cfg(feature = "libtorch")]
        crate::Device::Cuda(index) => Device::libtorch_cuda(index),
        #[cfg(feature = "wgpu")]
        crate::Device::Wgpu => Device::wgpu(burn_tensor::DeviceKind::DefaultDevice),
        #[allow(unreachable_patterns)]
        other => unreachable!("{other} is refused where the program was built without it"),
    }
}

/// What differs between training and evaluation.
trait Mode {
    /// Makes the weights of a convolution a leaf, where gradients are wanted.
    fn weights(&mut self, weights: Tensor<4>) -> Tensor<4>;
    fn norm(&mut self, id: NodeId, input: Tensor<4>, norm: &Norm, epsilon: f32) -> Tensor<4>;
    /// Makes parameters of every channel a leaf, where gradients are wanted.
    fn channels(&mut self, values: Tensor<1>) -> Tensor<1>;
    fn sign(&mut self, input: Tensor<4>) -> Tensor<4>;
    fn dropout(&mut self, input: Tensor<4>, p: f32) -> Tensor<4>;
}

fn forward(
    network: Network<'_>,
    device: &Device,
    canvases: Vec<f32>,
    count: usize,
    mode: &mut impl Mode,
) -> Tensor<2> {
    let graph = network.graph;
    let last_use = network.last_uses();
    let mut live: Vec<Option<Tensor<4>>> = vec![None; graph.nodes().len()];
    let mut canvases = Some(canvases);
    for (id, node) in graph.nodes().iter().enumerate() {
        // Handing over the last reference lets the library work in place.
        let mut read = |input: NodeId| {
            let last = last_use[input] == id && node.inputs.len() == 1;
            let tensor = if last { live[input].take() } else { live[input].clone() };
            tensor.expect("nodes come after what they read")
        };
        let output = match (&node.op, &network.parameters.nodes()[id]) {
            (Op::Input { shape }, _) => {
                let dims = [count, shape.channels, shape.height, shape.width];
                Tensor::from_data(TensorData::new(canvases.take().unwrap_or_default(), dims), device)
            }
            (Op::Conv2d(conv), _) => {
                let effective = network.effective[id].as_ref().expect("every convolution has weights");
                let dims = [conv.out_channels, graph.filter_channels(id), conv.kernel, conv.kernel];
                let weights = Tensor::from_data(TensorData::new(effective.weights.clone(), dims), device);
                let options = ConvOptions::new([conv.stride; 2], [conv.padding; 2], [1, 1], conv.groups);
                conv2d(read(node.inputs[0]), mode.weights(weights), None, options)
            }
            (Op::BatchNorm { epsilon }, NodeParameters::Norm(norm)) => {
                mode.norm(id, read(node.inputs[0]), norm, *epsilon)
            }
            (Op::BatchNorm { .. }, _) => unreachable!("parameters follow the graph"),
            (Op::Relu, _) => activation::relu(read(node.inputs[0])),
            (Op::RPReLU, NodeParameters::RPReLU { threshold, slope, shift }) => {
                let channels = threshold.len();
                let mut row = |values| mode.channels(vector(values, device)).reshape([1, channels, 1, 1]);
                let above = read(node.inputs[0]) - row(threshold);
                let below = activation::relu(above.clone().neg());
                activation::relu(above) - below * row(slope) + row(shift)
            }
            (Op::RPReLU, _) => unreachable!("parameters follow the graph"),
            (Op::Sign, _) => mode.sign(read(node.inputs[0])),
            (Op::MaxPool { kernel, stride, padding }, _) => {
                let options = MaxPoolOptions::new([*kernel; 2]).with_stride([*stride; 2]);
                max_pool2d(read(node.inputs[0]), options.with_padding([*padding; 2]))
            }
            (Op::AvgPool { kernel, stride }, _) => {
                let options = AvgPoolOptions::new([*kernel; 2]).with_stride([*stride; 2]);
                avg_pool2d(read(node.inputs[0]), options)
            }
            (Op::GlobalAvgPool, _) => read(node.inputs[0]).mean_dims(&[2, 3]),
            (Op::Add, _) => {
                let terms = node.inputs.iter().map(|&input| read(input));
                terms.reduce(|sum, term| sum + term).expect("a sum has terms")
            }
            (Op::Concat, _) => Tensor::cat(node.inputs.iter().map(|&input| read(input)).collect(), 1),
            (Op::Dropout { p }, _) => mode.dropout(read(node.inputs[0]), *p),
        };
        node.inputs.iter().filter(|&&input| last_use[input] == id).for_each(|&input| live[input] = None);
        live[id] = Some(output);
    }
    let output = live.pop().flatten().expect("a graph has nodes");
    output.reshape([count, graph.outputs()])
}

struct Evaluation;

impl Mode for Evaluation {
    fn weights(&mut self, weights: Tensor<4>) -> Tensor<4> {
        weights
    }

    fn norm(&mut self, _: NodeId, input: Tensor<4>, norm: &Norm, epsilon: f32) -> Tensor<4> {
        let device = input.device();
        let [gamma, beta, mean, variance] =
            [&norm.gamma, &norm.beta, &norm.mean, &norm.variance].map(|values| vector(values, &device));
        batch_norm(input, gamma, beta, mean, variance, f64::from(epsilon))
    }

    fn channels(&mut self, values: Tensor<1>) -> Tensor<1> {
        values
    }

    fn sign(&mut self, input: Tensor<4>) -> Tensor<4> {
        hard_sign(input)
    }

    fn dropout(&mut self, input: Tensor<4>, _: f32) -> Tensor<4> {
        input
    }
}

/// A tensor whose gradient is wanted.
enum Leaf {
    Weights(Tensor<4>),
    Vector(Tensor<1>),
}

impl Leaf {
    fn gradient(self, gradients: &burn_tensor::Gradients) -> Result<Vec<f32>, TrainError> {
        let missing = || TrainError::Tensor("a parameter has no gradient".into());
        match self {
            Self::Weights(leaf) => values(leaf.grad(gradients).ok_or_else(missing)?),
            Self::Vector(leaf) => values(leaf.grad(gradients).ok_or_else(missing)?),
        }
    }
}

struct Training<'r> {
    device: Device,
    rng: &'r mut dyn Rng,
    leaves: Vec<Leaf>,
    statistics: Vec<(NodeId, Tensor<1>, Tensor<1>)>,
}

impl Mode for Training<'_> {
    fn weights(&mut self, weights: Tensor<4>) -> Tensor<4> {
        let leaf = weights.require_grad();
        self.leaves.push(Leaf::Weights(leaf.clone()));
        leaf
    }

    fn norm(&mut self, id: NodeId, input: Tensor<4>, norm: &Norm, epsilon: f32) -> Tensor<4> {
        let [gamma, beta] =
            [&norm.gamma, &norm.beta].map(|values| vector(values, &self.device).require_grad());
        self.leaves.extend([Leaf::Vector(gamma.clone()), Leaf::Vector(beta.clone())]);
        let result = batch_norm_train(input, gamma, beta, f64::from(epsilon));
        self.statistics.push((id, result.mean.detach(), result.variance.detach()));
        result.output
    }

    fn channels(&mut self, values: Tensor<1>) -> Tensor<1> {
        let leaf = values.require_grad();
        self.leaves.push(Leaf::Vector(leaf.clone()));
        leaf
    }

    /// Straight-through: the gradient passes where `|x| ≤ 1`. The second term is exactly zero,
    /// so the value is exactly a sign.
    fn sign(&mut self, input: Tensor<4>) -> Tensor<4> {
        let passing = input.clone().clamp(-1.0, 1.0);
        hard_sign(input.detach()) + (passing.clone() - passing.detach())
    }

    fn dropout(&mut self, input: Tensor<4>, p: f32) -> Tensor<4> {
        let dims = input.dims();
        let keep = 1.0 / (1.0 - p);
        let mask: Vec<f32> = (0..dims.iter().product())
            .map(|_| if self.rng.random::<f32>() < p { 0.0 } else { keep })
            .collect();
        input * Tensor::from_data(TensorData::new(mask, dims), &self.device)
    }
}

fn hard_sign(input: Tensor<4>) -> Tensor<4> {
    input.greater_equal_elem(0.0).float().mul_scalar(2.0).sub_scalar(1.0)
}

/// The loss, and what has its gradients.
fn loss(logits: Tensor<2>, targets: &Targets<'_>) -> Result<(f32, Tensor<1>), TrainError> {
    if targets.teacher.is_none() {
        let loss = cross_entropy(logits, targets.labels, targets.label_smoothing);
        return Ok((values(loss.clone().detach())?[0], loss));
    }
    let (value, slopes) = targets.loss_and_gradient(&values(logits.clone().detach())?);
    let slopes = Tensor::<2>::from_data(TensorData::new(slopes, logits.dims()), &logits.device());
    Ok((value, (logits * slopes).sum()))
}

fn cross_entropy(logits: Tensor<2>, labels: &[usize], smoothing: f32) -> Tensor<1> {
    let device = logits.device();
    let [count, _] = logits.dims();
    let targets: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    let targets = Tensor::<2, Int>::from_data(TensorData::new(targets, [count, 1]), &device);
    let log_probabilities = activation::log_softmax(logits, 1);
    let right = log_probabilities.clone().gather(1, targets).mean();
    let all = log_probabilities.mean();
    right.mul_scalar(smoothing - 1.0) - all.mul_scalar(smoothing)
}

fn vector(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, TrainError> {
    let data = tensor.try_into_data().map_err(|error| TrainError::Tensor(format!("{error:?}")))?;
    data.try_into_vec().map_err(|error| TrainError::Tensor(format!("{error:?}")))
}

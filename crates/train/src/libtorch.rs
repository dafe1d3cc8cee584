//! Runs a graph by LibTorch, for the devices that the processor's own backend does not reach.

mod ops;

use dabnet_graph::{NodeId, OpKind, Quantizer};
use rand::{Rng, RngExt};
use tch::{Kind, Tensor};

pub(crate) use self::ops::TorchDevice;
use crate::{
    TrainError,
    network::{BatchGradients, BatchStatistic, NetworkRef},
    parameters::GradientBuffers,
    pointwise,
    targets::BatchTargets,
};

/// Loss and gradients over a batch: `canvases` holds one input after another.
pub(crate) fn gradients(
    torch: &TorchDevice,
    network: NetworkRef<'_>,
    canvases: &[f32],
    targets: &BatchTargets<'_>,
    rng: &mut dyn Rng,
) -> Result<BatchGradients, TrainError> {
    let mut walk = GraphInterpreter::new(torch, network, Some(rng));
    let output = walk.run(canvases, targets.labels.len())?;
    let logits = ops::values(output.shallow_clone())?;
    let (loss, slopes) = targets.loss_and_gradient(&logits);
    let dims = [targets.labels.len(), network.graph.outputs(), 1, 1];
    let weighted = output.f_mul(&torch.constant(&slopes, dims)?)?;
    let GraphInterpreter { leaves, statistics, .. } = walk;
    let (keys, leaves): (Vec<_>, Vec<_>) = leaves.into_iter().unzip();
    let mut buffers = GradientBuffers::new(network.graph);
    for ((node, name), gradient) in keys.into_iter().zip(ops::gradients(weighted, leaves)?) {
        buffers.set(node, name, gradient);
    }
    let statistics = statistics
        .into_iter()
        .map(|((node, name), values)| Ok(BatchStatistic { node, name, values: ops::values(values)? }))
        .collect::<Result<Vec<_>, TrainError>>()?;
    let correct = targets.count_correct(&logits);
    Ok(BatchGradients { loss, correct, buffers: buffers.into_buffers(), statistics })
}

/// Logits of inputs in evaluation mode, one row after another.
pub(crate) fn logits(
    torch: &TorchDevice,
    network: NetworkRef<'_>,
    canvases: &[f32],
) -> Result<Vec<f32>, TrainError> {
    let count = canvases.len() / network.graph.input_shape().elements();
    ops::values(GraphInterpreter::new(torch, network, None).run(canvases, count)?)
}

/// A parameter: its node, and its name there.
type ParameterKey = (NodeId, &'static str);

/// One pass forward.
struct GraphInterpreter<'l, 'n, 'r> {
    torch: &'l TorchDevice,
    network: NetworkRef<'n>,
    /// Random numbers for dropout; present in training only.
    rng: Option<&'r mut dyn Rng>,
    /// Outputs of nodes, as long as they are needed.
    values: Vec<Option<Tensor>>,
    last_use: Vec<NodeId>,
    /// The trained parameters, as they come.
    leaves: Vec<(ParameterKey, Tensor)>,
    /// Mean and variance of every batch normalization.
    statistics: Vec<(ParameterKey, Tensor)>,
}

impl<'l, 'n, 'r> GraphInterpreter<'l, 'n, 'r> {
    fn new(torch: &'l TorchDevice, network: NetworkRef<'n>, rng: Option<&'r mut dyn Rng>) -> Self {
        let values = network.graph.nodes().iter().map(|_| None).collect();
        let last_use = network.last_uses();
        Self { torch, network, rng, values, last_use, leaves: Vec::new(), statistics: Vec::new() }
    }

    fn run(&mut self, canvases: &[f32], count: usize) -> Result<Tensor, TrainError> {
        for (id, node) in self.network.graph.nodes().iter().enumerate() {
            let output = match node.op.kind() {
                OpKind::Input { shape } => {
                    let dims = [count, shape.channels, shape.height, shape.width];
                    self.torch.constant(canvases, dims)?
                }
                _ => self.node(id, count)?,
            };
            for &input in &node.inputs {
                if self.last_use[input] == id {
                    self.values[input] = None;
                }
            }
            self.values[id] = Some(output);
        }
        Ok(self.values.pop().flatten().expect("a graph has nodes"))
    }

    fn node(&mut self, id: NodeId, count: usize) -> Result<Tensor, TrainError> {
        let Self { torch, network, .. } = *self;
        let node = &network.graph.nodes()[id];
        match node.op.kind() {
            OpKind::Input { .. } => unreachable!("it reads nothing"),
            OpKind::Conv2d(conv) => {
                let effective = network.effective[id].as_ref().expect("every convolution has weights");
                let dims = [conv.out_channels, network.graph.filter_channels(id), conv.kernel, conv.kernel];
                let weights = self.parameter((id, "weight"), &effective.weights, dims)?;
                torch.conv(self.input(id), weights, conv)
            }
            OpKind::BatchNorm { epsilon } => self.batch_norm(id, epsilon),
            OpKind::Pointwise(op) => {
                let input = self.input(id);
                pointwise::torch_forward(op, &input, |name| self.channel_parameter(id, name))
            }
            OpKind::Sign => ops::sign(self.input(id)),
            OpKind::Quantize { bits } => {
                let step = self.channel_parameter(id, "step")?;
                ops::quantize(self.input(id), step, Quantizer::highest(bits) as f32)
            }
            OpKind::MaxPool { kernel, stride, padding } => {
                ops::max_pool(self.input(id), kernel, stride, padding)
            }
            OpKind::AvgPool { kernel, stride, padding } => {
                ops::mean_pool(self.input(id), kernel, stride, padding)
            }
            OpKind::GlobalAvgPool => Ok(self.input(id).f_mean_dim(&[2_i64, 3][..], true, Kind::Float)?),
            OpKind::Add => {
                let mut terms = self.inputs(id).into_iter();
                let first = terms.next().expect("a sum has terms");
                Ok(terms.try_fold(first, |sum, term| sum.f_add(&term))?)
            }
            OpKind::Concat => Ok(Tensor::f_cat(&self.inputs(id), 1)?),
            OpKind::Dropout { p } => self.dropout(id, count, p),
        }
    }

    fn batch_norm(&mut self, id: NodeId, epsilon: f32) -> Result<Tensor, TrainError> {
        let (torch, norm) = (self.torch, self.network.parameters.node(id));
        let (gamma, beta) = (self.channel_parameter(id, "gamma")?, self.channel_parameter(id, "beta")?);
        if self.rng.is_none() {
            let constant = |name: &str| torch.constant(norm.get(name), [1, norm.get(name).len(), 1, 1]);
            let parameters = [gamma, beta, constant("mean")?, constant("variance")?];
            return ops::norm(self.input(id), parameters, epsilon);
        }
        let [output, mean, variance] = ops::norm_batch(self.input(id), gamma, beta, epsilon)?;
        self.statistics.extend([((id, "mean"), mean), ((id, "variance"), variance)]);
        Ok(output)
    }

    fn dropout(&mut self, id: NodeId, count: usize, p: f32) -> Result<Tensor, TrainError> {
        let Some(rng) = &mut self.rng else { return Ok(self.input(id)) };
        let shape = self.network.graph.shape(id);
        let keep = 1.0 / (1.0 - p);
        let mut drawn = || if rng.random::<f32>() < p { 0.0 } else { keep };
        let mask: Vec<f32> = (0..count * shape.elements()).map(|_| drawn()).collect();
        let dims = [count, shape.channels, shape.height, shape.width];
        Ok(self.input(id).f_mul(&self.torch.constant(&mask, dims)?)?)
    }

    fn input(&mut self, id: NodeId) -> Tensor {
        self.inputs(id).swap_remove(0)
    }

    /// Inputs of a node, moved out at their last use.
    fn inputs(&mut self, id: NodeId) -> Vec<Tensor> {
        let inputs = &self.network.graph.nodes()[id].inputs;
        let mut take = |&input: &NodeId| {
            let is_last = self.last_use[input] == id && inputs.len() == 1;
            let tensor = if is_last {
                self.values[input].take()
            } else {
                self.values[input].as_ref().map(Tensor::shallow_clone)
            };
            tensor.expect("nodes come after what they read")
        };
        inputs.iter().map(&mut take).collect()
    }

    /// A parameter with one value per channel, or one for all.
    fn channel_parameter(&mut self, node: NodeId, name: &'static str) -> Result<Tensor, TrainError> {
        let values = self.network.parameters.get(node, name);
        self.parameter((node, name), values, [1, values.len(), 1, 1])
    }

    fn parameter(
        &mut self,
        key: ParameterKey,
        values: &[f32],
        dims: [usize; 4],
    ) -> Result<Tensor, TrainError> {
        if self.rng.is_none() {
            return self.torch.constant(values, dims);
        }
        let leaf = self.torch.leaf(values, dims)?;
        self.leaves.push((key, leaf.shallow_clone()));
        Ok(leaf)
    }
}

//! Runs a graph on a tensor library, for the devices that the processor's own backend does not reach.

#[cfg(feature = "wgpu")]
mod burn;
#[cfg(feature = "libtorch")]
mod torch;

use dabnet_graph::{Conv2d, NodeId, OpKind, Padding, Quantizer};
use rand::{Rng, RngExt};

use crate::{
    TrainError,
    network::{BatchGradients, BatchStatistic, NetworkRef},
    parameters::GradientBuffers,
    pointwise::tensors as pointwise,
    targets::BatchTargets,
};

#[cfg(feature = "wgpu")]
pub(crate) use burn::BurnBackend;
#[cfg(feature = "libtorch")]
pub(crate) use torch::TorchBackend;

/// A tensor library with automatic differentiation, as far as networks need it.
///
/// All tensors have four dimensions, examples, channels, rows and columns; one number a channel is
/// `[1, channels, 1, 1]`, one for all `[1, 1, 1, 1]`. Tensors are handed over where a library may work in place.
pub(crate) trait TensorBackend {
    type Tensor: pointwise::PointwiseFunctions;

    /// Another handle to the same tensor.
    fn shallow_clone(tensor: &Self::Tensor) -> Self::Tensor;
    fn constant(&self, values: &[f32], dims: [usize; 4]) -> Result<Self::Tensor, TrainError>;
    /// Like a constant, but [`Self::gradients`] can be taken with respect to it.
    fn leaf(&self, values: &[f32], dims: [usize; 4]) -> Result<Self::Tensor, TrainError>;
    fn values(&self, tensor: Self::Tensor) -> Result<Vec<f32>, TrainError>;
    /// Gradients of the sum of all elements of `tensor` with respect to every leaf.
    fn gradients(&self, tensor: Self::Tensor, leaves: Vec<Self::Tensor>)
    -> Result<Vec<Vec<f32>>, TrainError>;

    fn add(&self, a: Self::Tensor, b: Self::Tensor) -> Result<Self::Tensor, TrainError>;
    fn sub(&self, a: Self::Tensor, b: Self::Tensor) -> Result<Self::Tensor, TrainError>;
    fn mul(&self, a: Self::Tensor, b: Self::Tensor) -> Result<Self::Tensor, TrainError>;
    /// One after another along the channels.
    fn concat(&self, parts: Vec<Self::Tensor>) -> Result<Self::Tensor, TrainError>;
    fn conv(
        &self,
        input: Self::Tensor,
        weights: Self::Tensor,
        conv: &Conv2d,
    ) -> Result<Self::Tensor, TrainError>;
    /// Normalizes by the statistics of the batch. Returns the output, the mean and the biased variance.
    fn norm_batch(
        &self,
        input: Self::Tensor,
        gamma: Self::Tensor,
        beta: Self::Tensor,
        epsilon: f32,
    ) -> Result<[Self::Tensor; 3], TrainError>;
    /// With given `gamma`, `beta`, mean and variance.
    fn norm(
        &self,
        input: Self::Tensor,
        parameters: [Self::Tensor; 4],
        epsilon: f32,
    ) -> Result<Self::Tensor, TrainError>;
    /// Straight-through: ±1, with a gradient that passes where `|x| ≤ 1`.
    fn sign(&self, input: Self::Tensor) -> Result<Self::Tensor, TrainError>;
    /// `step · clamp(⌊x / step + ½⌋, 0, most)` with one step for all, straight-through: the error of rounding has
    /// no gradient.
    fn quantize(
        &self,
        input: Self::Tensor,
        step: Self::Tensor,
        most: f32,
    ) -> Result<Self::Tensor, TrainError>;
    fn max_pool(
        &self,
        input: Self::Tensor,
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Result<Self::Tensor, TrainError>;
    /// Over what lies on the input.
    fn mean_pool(
        &self,
        input: Self::Tensor,
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Result<Self::Tensor, TrainError>;
    fn global_mean(&self, input: Self::Tensor) -> Result<Self::Tensor, TrainError>;
}

/// Loss and gradients over a batch: `canvases` holds one input after another.
pub(crate) fn gradients<L: TensorBackend>(
    library: &L,
    network: NetworkRef<'_>,
    canvases: &[f32],
    targets: &BatchTargets<'_>,
    rng: &mut dyn Rng,
) -> Result<BatchGradients, TrainError> {
    let mut walk = GraphInterpreter::new(library, network, Some(rng));
    let output = walk.run(canvases, targets.labels.len())?;
    let logits = library.values(L::shallow_clone(&output))?;
    let (loss, slopes) = targets.loss_and_gradient(&logits);
    let dims = [targets.labels.len(), network.graph.outputs(), 1, 1];
    let weighted = library.mul(output, library.constant(&slopes, dims)?)?;
    let GraphInterpreter { leaves, statistics, .. } = walk;
    let (keys, leaves): (Vec<_>, Vec<_>) = leaves.into_iter().unzip();
    let mut buffers = GradientBuffers::new(network.graph);
    for ((node, name), gradient) in keys.into_iter().zip(library.gradients(weighted, leaves)?) {
        buffers.set(node, name, gradient);
    }
    let statistics = statistics
        .into_iter()
        .map(|((node, name), values)| Ok(BatchStatistic { node, name, values: library.values(values)? }))
        .collect::<Result<Vec<_>, TrainError>>()?;
    let correct = targets.count_correct(&logits);
    Ok(BatchGradients { loss, correct, buffers: buffers.into_buffers(), statistics })
}

/// Logits of inputs in evaluation mode, one row after another.
pub(crate) fn logits<L: TensorBackend>(
    library: &L,
    network: NetworkRef<'_>,
    canvases: &[f32],
) -> Result<Vec<f32>, TrainError> {
    let count = canvases.len() / network.graph.input_shape().elements();
    library.values(GraphInterpreter::new(library, network, None).run(canvases, count)?)
}

/// A parameter: its node, and its name there.
type ParameterKey = (NodeId, &'static str);

/// One pass forward.
struct GraphInterpreter<'l, 'n, 'r, L: TensorBackend> {
    library: &'l L,
    network: NetworkRef<'n>,
    /// Random numbers for dropout; present in training only.
    rng: Option<&'r mut dyn Rng>,
    /// Outputs of nodes, as long as they are needed.
    values: Vec<Option<L::Tensor>>,
    last_use: Vec<NodeId>,
    /// The trained parameters, as they come.
    leaves: Vec<(ParameterKey, L::Tensor)>,
    /// Mean and variance of every batch normalization.
    statistics: Vec<(ParameterKey, L::Tensor)>,
}

impl<'l, 'n, 'r, L: TensorBackend> GraphInterpreter<'l, 'n, 'r, L> {
    fn new(library: &'l L, network: NetworkRef<'n>, rng: Option<&'r mut dyn Rng>) -> Self {
        let values = network.graph.nodes().iter().map(|_| None).collect();
        let last_use = network.last_uses();
        Self { library, network, rng, values, last_use, leaves: Vec::new(), statistics: Vec::new() }
    }

    fn run(&mut self, canvases: &[f32], count: usize) -> Result<L::Tensor, TrainError> {
        for (id, node) in self.network.graph.nodes().iter().enumerate() {
            let output = match node.op.kind() {
                OpKind::Input { shape } => {
                    let dims = [count, shape.channels, shape.height, shape.width];
                    self.library.constant(canvases, dims)?
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

    fn node(&mut self, id: NodeId, count: usize) -> Result<L::Tensor, TrainError> {
        let Self { library, network, .. } = *self;
        let node = &network.graph.nodes()[id];
        match node.op.kind() {
            OpKind::Input { .. } => unreachable!("it reads nothing"),
            OpKind::Conv2d(conv) => {
                let effective = network.effective[id].as_ref().expect("every convolution has weights");
                let dims = [conv.out_channels, network.graph.filter_channels(id), conv.kernel, conv.kernel];
                let weights = self.parameter((id, "weight"), &effective.weights, dims)?;
                library.conv(self.input(id), weights, conv)
            }
            OpKind::BatchNorm { epsilon } => self.batch_norm(id, epsilon),
            OpKind::Pointwise(op) => {
                let input = self.input(id);
                pointwise::forward(library, op, input, |name| self.channel_parameter(id, name))
            }
            OpKind::Sign => library.sign(self.input(id)),
            OpKind::Quantize { bits } => {
                let step = self.channel_parameter(id, "step")?;
                library.quantize(self.input(id), step, Quantizer::highest(bits) as f32)
            }
            OpKind::MaxPool { kernel, stride, padding } => {
                library.max_pool(self.input(id), kernel, stride, padding)
            }
            OpKind::AvgPool { kernel, stride, padding } => {
                library.mean_pool(self.input(id), kernel, stride, padding)
            }
            OpKind::GlobalAvgPool => library.global_mean(self.input(id)),
            OpKind::Add => {
                let mut terms = self.inputs(id).into_iter();
                let first = terms.next().expect("a sum has terms");
                terms.try_fold(first, |sum, term| library.add(sum, term))
            }
            OpKind::Concat => library.concat(self.inputs(id)),
            OpKind::Dropout { p } => self.dropout(id, count, p),
        }
    }

    fn batch_norm(&mut self, id: NodeId, epsilon: f32) -> Result<L::Tensor, TrainError> {
        let (library, norm) = (self.library, self.network.parameters.node(id));
        let (gamma, beta) = (self.channel_parameter(id, "gamma")?, self.channel_parameter(id, "beta")?);
        if self.rng.is_none() {
            let constant = |name: &str| library.constant(norm.get(name), [1, norm.get(name).len(), 1, 1]);
            let parameters = [gamma, beta, constant("mean")?, constant("variance")?];
            return library.norm(self.input(id), parameters, epsilon);
        }
        let [output, mean, variance] = library.norm_batch(self.input(id), gamma, beta, epsilon)?;
        self.statistics.extend([((id, "mean"), mean), ((id, "variance"), variance)]);
        Ok(output)
    }

    fn dropout(&mut self, id: NodeId, count: usize, p: f32) -> Result<L::Tensor, TrainError> {
        let Some(rng) = &mut self.rng else { return Ok(self.input(id)) };
        let shape = self.network.graph.shape(id);
        let keep = 1.0 / (1.0 - p);
        let mut drawn = || if rng.random::<f32>() < p { 0.0 } else { keep };
        let mask: Vec<f32> = (0..count * shape.elements()).map(|_| drawn()).collect();
        let dims = [count, shape.channels, shape.height, shape.width];
        self.library.mul(self.input(id), self.library.constant(&mask, dims)?)
    }

    fn input(&mut self, id: NodeId) -> L::Tensor {
        self.inputs(id).swap_remove(0)
    }

    /// Inputs of a node, moved out at their last use.
    fn inputs(&mut self, id: NodeId) -> Vec<L::Tensor> {
        let inputs = &self.network.graph.nodes()[id].inputs;
        let mut take = |&input: &NodeId| {
            let is_last = self.last_use[input] == id && inputs.len() == 1;
            let tensor = if is_last {
                self.values[input].take()
            } else {
                self.values[input].as_ref().map(L::shallow_clone)
            };
            tensor.expect("nodes come after what they read")
        };
        inputs.iter().map(&mut take).collect()
    }

    /// A parameter with one value per channel, or one for all.
    fn channel_parameter(&mut self, node: NodeId, name: &'static str) -> Result<L::Tensor, TrainError> {
        let values = self.network.parameters.get(node, name);
        self.parameter((node, name), values, [1, values.len(), 1, 1])
    }

    fn parameter(
        &mut self,
        key: ParameterKey,
        values: &[f32],
        dims: [usize; 4],
    ) -> Result<L::Tensor, TrainError> {
        if self.rng.is_none() {
            return self.library.constant(values, dims);
        }
        let leaf = self.library.leaf(values, dims)?;
        self.leaves.push((key, L::shallow_clone(&leaf)));
        Ok(leaf)
    }
}

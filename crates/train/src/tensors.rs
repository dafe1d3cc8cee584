//! Runs a graph on a tensor library, for the devices that the processor's own backend does not reach.

#[cfg(feature = "wgpu")]
mod burn;
#[cfg(feature = "libtorch")]
mod torch;

use dabnet_graph::{Conv2d, NodeId, Op};
use rand::{Rng, RngExt};

use crate::{
    NodeParameters, TrainError,
    network::{Gradients, Network},
    targets::Targets,
};

#[cfg(feature = "wgpu")]
pub(crate) use burn::Burn;
#[cfg(feature = "libtorch")]
pub(crate) use torch::Torch;

/// What a network needs of a tensor library that records what it computes.
///
/// All tensors have four dimensions, examples, channels, rows and columns; one number a channel is
/// `[1, channels, 1, 1]`. Tensors are handed over where a library may work in place.
pub(crate) trait Library {
    type Tensor;

    /// A tensor of its own for the same values.
    fn share(tensor: &Self::Tensor) -> Self::Tensor;
    fn constant(&self, values: &[f32], dims: [usize; 4]) -> Result<Self::Tensor, TrainError>;
    /// Like a constant, but [`Self::gradients`] can be taken with respect to it.
    fn leaf(&self, values: &[f32], dims: [usize; 4]) -> Result<Self::Tensor, TrainError>;
    fn values(&self, tensor: Self::Tensor) -> Result<Vec<f32>, TrainError>;
    /// Of the sum of all elements of `tensor`, with respect to every leaf.
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
    /// With the statistics of the batch, which come as mean and biased variance after the result.
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
    fn relu(&self, input: Self::Tensor) -> Result<Self::Tensor, TrainError>;
    /// Straight-through: ±1, with a gradient that passes where `|x| ≤ 1`.
    fn sign(&self, input: Self::Tensor) -> Result<Self::Tensor, TrainError>;
    fn max_pool(
        &self,
        input: Self::Tensor,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Self::Tensor, TrainError>;
    fn mean_pool(
        &self,
        input: Self::Tensor,
        kernel: usize,
        stride: usize,
    ) -> Result<Self::Tensor, TrainError>;
    fn global_mean(&self, input: Self::Tensor) -> Result<Self::Tensor, TrainError>;
}

/// Loss and gradients over a batch: `canvases` holds one input after another.
pub(crate) fn gradients<L: Library>(
    library: &L,
    network: Network<'_>,
    canvases: &[f32],
    targets: &Targets<'_>,
    rng: &mut dyn Rng,
) -> Result<Gradients, TrainError> {
    let mut walk = Walk::new(library, network, Some(rng));
    let output = walk.run(canvases, targets.labels.len())?;
    let logits = library.values(L::share(&output))?;
    let (loss, slopes) = targets.loss_and_gradient(&logits);
    let dims = [targets.labels.len(), network.graph.outputs(), 1, 1];
    let weighted = library.mul(output, library.constant(&slopes, dims)?)?;
    let Walk { leaves, statistics, .. } = walk;
    let buffers = library.gradients(weighted, leaves)?;
    let statistics = statistics
        .into_iter()
        .map(|(id, mean, variance)| Ok((id, library.values(mean)?, library.values(variance)?)))
        .collect::<Result<Vec<_>, TrainError>>()?;
    Ok(Gradients { loss, correct: targets.count_correct(&logits), buffers, statistics })
}

/// Logits of `count` inputs in evaluation mode, one row after another.
pub(crate) fn logits<L: Library>(
    library: &L,
    network: Network<'_>,
    canvases: &[f32],
    count: usize,
) -> Result<Vec<f32>, TrainError> {
    library.values(Walk::new(library, network, None).run(canvases, count)?)
}

/// One pass forward.
struct Walk<'l, 'n, 'r, L: Library> {
    library: &'l L,
    network: Network<'n>,
    /// Randomness of dropout, where this is training.
    rng: Option<&'r mut dyn Rng>,
    /// What nodes gave, as long as it is needed.
    live: Vec<Option<L::Tensor>>,
    last_use: Vec<NodeId>,
    /// In the order of [`crate::Parameters::trainable_mut`].
    leaves: Vec<L::Tensor>,
    /// Mean and variance of every batch normalisation.
    statistics: Vec<(NodeId, L::Tensor, L::Tensor)>,
}

impl<'l, 'n, 'r, L: Library> Walk<'l, 'n, 'r, L> {
    fn new(library: &'l L, network: Network<'n>, rng: Option<&'r mut dyn Rng>) -> Self {
        let live = network.graph.nodes().iter().map(|_| None).collect();
        let last_use = network.last_uses();
        Self { library, network, rng, live, last_use, leaves: Vec::new(), statistics: Vec::new() }
    }

    fn run(&mut self, canvases: &[f32], count: usize) -> Result<L::Tensor, TrainError> {
        for (id, node) in self.network.graph.nodes().iter().enumerate() {
            let output = match &node.op {
                Op::Input { shape } => {
                    let dims = [count, shape.channels, shape.height, shape.width];
                    self.library.constant(canvases, dims)?
                }
                _ => self.node(id, count)?,
            };
            for &input in &node.inputs {
                if self.last_use[input] == id {
                    self.live[input] = None;
                }
            }
            self.live[id] = Some(output);
        }
        Ok(self.live.pop().flatten().expect("a graph has nodes"))
    }

    fn node(&mut self, id: NodeId, count: usize) -> Result<L::Tensor, TrainError> {
        let Self { library, network, .. } = *self;
        let node = &network.graph.nodes()[id];
        match (&node.op, &network.parameters.nodes()[id]) {
            (Op::Input { .. }, _) => unreachable!("it reads nothing"),
            (Op::Conv2d(conv), _) => {
                let effective = network.effective[id].as_ref().expect("every convolution has weights");
                let dims = [conv.out_channels, network.graph.filter_channels(id), conv.kernel, conv.kernel];
                let weights = self.parameter(&effective.weights, dims)?;
                library.conv(self.input(id), weights, conv)
            }
            (Op::BatchNorm { epsilon }, NodeParameters::Norm(norm)) => {
                let gamma = self.channels(&norm.gamma)?;
                let beta = self.channels(&norm.beta)?;
                if self.rng.is_none() {
                    let [mean, variance] = [self.channels(&norm.mean)?, self.channels(&norm.variance)?];
                    return library.norm(self.input(id), [gamma, beta, mean, variance], *epsilon);
                }
                let [output, mean, variance] = library.norm_batch(self.input(id), gamma, beta, *epsilon)?;
                self.statistics.push((id, mean, variance));
                Ok(output)
            }
            (Op::Relu, _) => library.relu(self.input(id)),
            (Op::RPReLU, NodeParameters::RPReLU { threshold, slope, shift }) => {
                let [threshold, slope, shift] =
                    [self.channels(threshold)?, self.channels(slope)?, self.channels(shift)?];
                let distance = library.sub(self.input(id), threshold)?;
                let above = library.relu(L::share(&distance))?;
                let below = library.sub(distance, L::share(&above))?;
                library.add(library.add(above, library.mul(below, slope)?)?, shift)
            }
            (Op::BatchNorm { .. } | Op::RPReLU, _) => unreachable!("parameters follow the graph"),
            (Op::Sign, _) => library.sign(self.input(id)),
            (Op::MaxPool { kernel, stride, padding }, _) => {
                library.max_pool(self.input(id), *kernel, *stride, *padding)
            }
            (Op::AvgPool { kernel, stride }, _) => library.mean_pool(self.input(id), *kernel, *stride),
            (Op::GlobalAvgPool, _) => library.global_mean(self.input(id)),
            (Op::Add, _) => {
                let mut terms = self.inputs(id).into_iter();
                let first = terms.next().expect("a sum has terms");
                terms.try_fold(first, |sum, term| library.add(sum, term))
            }
            (Op::Concat, _) => library.concat(self.inputs(id)),
            (Op::Dropout { p }, _) => {
                let Some(rng) = &mut self.rng else { return Ok(self.input(id)) };
                let shape = network.graph.shape(id);
                let keep = 1.0 / (1.0 - p);
                let mut drawn = || if rng.random::<f32>() < *p { 0.0 } else { keep };
                let mask: Vec<f32> = (0..count * shape.elements()).map(|_| drawn()).collect();
                let dims = [count, shape.channels, shape.height, shape.width];
                library.mul(self.input(id), library.constant(&mask, dims)?)
            }
        }
    }

    fn input(&mut self, id: NodeId) -> L::Tensor {
        self.inputs(id).swap_remove(0)
    }

    /// What a node reads, handed over where nothing reads it later.
    fn inputs(&mut self, id: NodeId) -> Vec<L::Tensor> {
        let inputs = &self.network.graph.nodes()[id].inputs;
        let mut take = |&input: &NodeId| {
            let is_last = self.last_use[input] == id && inputs.len() == 1;
            let tensor =
                if is_last { self.live[input].take() } else { self.live[input].as_ref().map(L::share) };
            tensor.expect("nodes come after what they read")
        };
        inputs.iter().map(&mut take).collect()
    }

    fn channels(&mut self, values: &[f32]) -> Result<L::Tensor, TrainError> {
        self.parameter(values, [1, values.len(), 1, 1])
    }

    fn parameter(&mut self, values: &[f32], dims: [usize; 4]) -> Result<L::Tensor, TrainError> {
        if self.rng.is_none() {
            return self.library.constant(values, dims);
        }
        let leaf = self.library.leaf(values, dims)?;
        self.leaves.push(L::share(&leaf));
        Ok(leaf)
    }
}

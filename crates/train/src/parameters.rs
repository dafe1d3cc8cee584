use dabnet_graph::{Graph, Op};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// What training changes: one entry a node of the graph, in the same order.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    nodes: Vec<NodeParameters>,
}

/// What a trainable buffer is to its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Real weights of a convolution.
    Weights,
    /// Latent weights of a convolution with binary ones.
    BinaryWeights,
    /// Scale or shift of a batch normalisation, or a value of an RPReLU.
    Channels,
}

/// The parameters of one node.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeParameters {
    /// The node has none.
    None,
    /// Latent weights of a convolution, `OIHW`.
    Conv(Vec<f32>),
    /// A batch normalisation.
    Norm(Norm),
    /// An RPReLU, one value a channel in each.
    RPReLU {
        /// Where the lines meet.
        threshold: Vec<f32>,
        /// The slope below that.
        slope: Vec<f32>,
        /// What is given there.
        shift: Vec<f32>,
    },
}

/// The slope that an RPReLU starts with, PReLU's (He et al., *Delving deep into rectifiers*, 2015).
const SLOPE: f32 = 0.25;

/// Batch normalisation, one value a channel in each.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    /// Learned scale.
    pub gamma: Vec<f32>,
    /// Learned shift.
    pub beta: Vec<f32>,
    /// Running mean.
    pub mean: Vec<f32>,
    /// Running variance, biased as it is used.
    pub variance: Vec<f32>,
}

impl Norm {
    /// The identity.
    pub(crate) fn new(channels: usize) -> Self {
        Self {
            gamma: vec![1.0; channels],
            beta: vec![0.0; channels],
            mean: vec![0.0; channels],
            variance: vec![1.0; channels],
        }
    }
}

impl NodeParameters {
    fn rprelu(channels: usize) -> Self {
        let zeros = || vec![0.0; channels];
        Self::RPReLU { threshold: zeros(), slope: vec![SLOPE; channels], shift: zeros() }
    }
}

impl Parameters {
    /// Fresh parameters: convolutions uniform in `±1/√n`, drawn from `seed`; batch
    /// normalisations the identity; RPReLUs without shifts.
    ///
    /// Behind a batch normalisation only a weight's direction matters, so a small start lets a
    /// given learning rate turn it further: `±√(6/n)` learned far less in as many steps.
    pub fn new(graph: &Graph, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let nodes = (0..graph.nodes().len())
            .map(|id| match &graph.nodes()[id].op {
                Op::Conv2d(conv) => {
                    let channels = graph.input_shape_of(id).channels;
                    let bound = (1.0 / conv.filter_len(channels) as f32).sqrt();
                    NodeParameters::Conv(
                        (0..conv.weights(channels)).map(|_| rng.random_range(-bound..bound)).collect(),
                    )
                }
                Op::BatchNorm { .. } => NodeParameters::Norm(Norm::new(graph.shape(id).channels)),
                Op::RPReLU => NodeParameters::rprelu(graph.shape(id).channels),
                _ => NodeParameters::None,
            })
            .collect();
        Self { nodes }
    }

    pub(crate) fn from_nodes(nodes: Vec<NodeParameters>) -> Self {
        Self { nodes }
    }

    /// The parameters of every node.
    pub fn nodes(&self) -> &[NodeParameters] {
        &self.nodes
    }

    pub(crate) fn nodes_mut(&mut self) -> &mut [NodeParameters] {
        &mut self.nodes
    }

    /// What the optimiser updates, in a fixed order, and what each is to `graph`.
    pub(crate) fn trainable_mut<'a>(
        &'a mut self,
        graph: &'a Graph,
    ) -> impl Iterator<Item = (Role, &'a mut Vec<f32>)> {
        self.nodes
            .iter_mut()
            .enumerate()
            .flat_map(|(id, node)| match node {
                NodeParameters::None => [None, None, None],
                NodeParameters::Conv(weights) => {
                    let binary =
                        matches!(&graph.nodes()[id].op, Op::Conv2d(conv) if conv.precision.binary_weights());
                    [Some((if binary { Role::BinaryWeights } else { Role::Weights }, weights)), None, None]
                }
                NodeParameters::Norm(norm) => {
                    [Some((Role::Channels, &mut norm.gamma)), Some((Role::Channels, &mut norm.beta)), None]
                }
                NodeParameters::RPReLU { threshold, slope, shift } => {
                    [threshold, slope, shift].map(|values| Some((Role::Channels, values)))
                }
            })
            .flatten()
    }

    /// Everything there is, node by node: weights; scale, shift, running mean and running variance; or
    /// threshold, slope and shift.
    pub(crate) fn buffers(&self) -> impl Iterator<Item = &Vec<f32>> {
        self.nodes.iter().flat_map(|node| match node {
            NodeParameters::None => vec![],
            NodeParameters::Conv(weights) => vec![weights],
            NodeParameters::Norm(norm) => vec![&norm.gamma, &norm.beta, &norm.mean, &norm.variance],
            NodeParameters::RPReLU { threshold, slope, shift } => vec![threshold, slope, shift],
        })
    }

    /// The same, to change.
    pub(crate) fn buffers_mut(&mut self) -> impl Iterator<Item = &mut Vec<f32>> {
        self.nodes.iter_mut().flat_map(|node| match node {
            NodeParameters::None => vec![],
            NodeParameters::Conv(weights) => vec![weights],
            NodeParameters::Norm(norm) => {
                vec![&mut norm.gamma, &mut norm.beta, &mut norm.mean, &mut norm.variance]
            }
            NodeParameters::RPReLU { threshold, slope, shift } => vec![threshold, slope, shift],
        })
    }
}

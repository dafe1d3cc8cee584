//! Tables of the parameters of a graph, in training and in a packed model, which all other code follows.

use crate::{Conv2d, Graph, NodeId, OpKind, Quantizer, Shape, WeightFormat};

/// A parameter of a node in training.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// The node.
    pub node: NodeId,
    /// Name, unique within the node.
    pub name: &'static str,
    /// `OIHW` for the weights of a convolution, `[1]` for a step, `[channels]` for all others.
    pub shape: Vec<usize>,
    /// Role in training.
    pub role: ParameterRole,
    /// Initial values.
    pub initial: InitialValues,
}

/// A parameter's part in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterRole {
    /// Real weights of a convolution.
    Weights,
    /// Latent weights of a convolution that runs with binary ones.
    LatentWeights,
    /// A trained value per channel.
    Channel,
    /// Step between levels, one number, trained; never less than
    /// [`Quantizer::MIN_STEP`](crate::Quantizer::MIN_STEP).
    Step,
    /// Running mean of a batch normalization.
    Mean,
    /// Running variance of a batch normalization, biased; never negative.
    Variance,
}

/// Values that a parameter starts with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InitialValues {
    /// The same value for all elements.
    Constant(f32),
    /// Uniform between minus this and this.
    Uniform(f32),
}

/// One tensor that a packed model stores for a node.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedTensor {
    /// The node.
    pub node: NodeId,
    /// Name, unique within the node.
    pub name: &'static str,
    /// Shape, in numbers or in bytes of bits.
    pub shape: Vec<usize>,
    /// Type of its elements.
    pub content: PackedContent,
}

/// Elements of a packed tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PackedContent {
    /// Numbers in single precision.
    Floats {
        /// Least and greatest in a model with random parameters.
        random: [f32; 2],
    },
    /// Integers from −127 to 127, a byte each.
    Integers,
    /// Numbers in single precision that integers are multiplied with, none below 0.
    Scales {
        /// Step of a model with random parameters.
        random: f32,
    },
    /// Bits, eight a byte.
    Bits {
        /// Bits in a row; each row begins a byte.
        row: usize,
    },
}

impl ParameterSpec {
    /// Number of values.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

impl ParameterRole {
    /// Lower bound of its values, if there is one.
    pub const fn least(self) -> Option<f32> {
        match self {
            Self::Weights | Self::LatentWeights | Self::Channel | Self::Mean => None,
            Self::Step => Some(Quantizer::MIN_STEP),
            Self::Variance => Some(0.0),
        }
    }

    /// True if the optimizer moves it; running statistics follow the batches instead.
    pub const fn is_trained(self) -> bool {
        match self {
            Self::Weights | Self::LatentWeights | Self::Channel | Self::Step => true,
            Self::Mean | Self::Variance => false,
        }
    }
}

impl PackedTensor {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Size in a model file.
    pub fn bytes(&self) -> u64 {
        let each = match self.content {
            PackedContent::Floats { .. } | PackedContent::Scales { .. } => 4,
            PackedContent::Bits { .. } | PackedContent::Integers => 1,
        };
        each * self.elements() as u64
    }
}

/// Name, role and initial value of each parameter of a batch normalization.
const BATCH_NORM: [(&str, ParameterRole, f32); 4] = [
    ("gamma", ParameterRole::Channel, 1.0),
    ("beta", ParameterRole::Channel, 0.0),
    ("mean", ParameterRole::Mean, 0.0),
    ("variance", ParameterRole::Variance, 1.0),
];

/// Name and random range of each tensor of a batch normalization folded into `scale · x + shift`.
const FOLDED: [(&str, [f32; 2]); 2] = [("scale", [0.5, 1.5]), ("shift", [-0.5, 0.5])];

impl Graph {
    /// All parameters that training keeps, node by node. Gradients, moments, averages and checkpoints are
    /// in this order.
    pub fn parameters(&self) -> Vec<ParameterSpec> {
        (0..self.nodes().len()).flat_map(|id| self.node_tables(id).0).collect()
    }

    /// All tensors of a packed model, node by node.
    pub fn packed_tensors(&self) -> Vec<PackedTensor> {
        (0..self.nodes().len()).flat_map(|id| self.node_tables(id).1).collect()
    }

    /// Parameters in training, and tensors in a packed model, of one node.
    fn node_tables(&self, node: NodeId) -> (Vec<ParameterSpec>, Vec<PackedTensor>) {
        let shape = || vec![self.shape(node).channels];
        let trained = |name: &'static str, role: ParameterRole, initial: f32| ParameterSpec {
            node,
            name,
            shape: shape(),
            role,
            initial: InitialValues::Constant(initial),
        };
        let packed = |name: &'static str, random: [f32; 2]| PackedTensor {
            node,
            name,
            shape: shape(),
            content: PackedContent::Floats { random },
        };
        match self.nodes()[node].op.kind() {
            OpKind::Conv2d(conv) => {
                let input = self.input_shape_of(node);
                (vec![conv.weight(node, input)], conv.tensors(node, input))
            }
            OpKind::BatchNorm { .. } => (
                BATCH_NORM.map(|(name, role, initial)| trained(name, role, initial)).into(),
                FOLDED.map(|(name, random)| packed(name, random)).into(),
            ),
            OpKind::Pointwise(op) => op
                .parameters()
                .iter()
                .map(|it| (trained(it.name, ParameterRole::Channel, it.initial), packed(it.name, it.random)))
                .unzip(),
            OpKind::Quantize { bits } => {
                let (name, shape, step) = ("step", vec![1], Quantizer::initial_step(bits));
                let (role, initial) = (ParameterRole::Step, InitialValues::Constant(step));
                let content = PackedContent::Floats { random: [0.5 * step, 1.5 * step] };
                (
                    vec![ParameterSpec { node, name, shape: shape.clone(), role, initial }],
                    vec![PackedTensor { node, name, shape, content }],
                )
            }
            OpKind::Input { .. }
            | OpKind::Sign
            | OpKind::MaxPool { .. }
            | OpKind::AvgPool { .. }
            | OpKind::GlobalAvgPool
            | OpKind::Add
            | OpKind::Concat
            | OpKind::Dropout { .. } => (vec![], vec![]),
        }
    }
}

impl Conv2d {
    /// The weights, uniform in `±1/√n` at first.
    ///
    /// Behind a batch normalization only a weight's direction matters, so a small start lets a
    /// given learning rate turn it further: `±√(6/n)` learned far less in as many steps.
    fn weight(&self, node: NodeId, input: Shape) -> ParameterSpec {
        let binary = self.precision.binary_weights();
        ParameterSpec {
            node,
            name: "weight",
            shape: self.weight_shape(input),
            role: if binary { ParameterRole::LatentWeights } else { ParameterRole::Weights },
            initial: InitialValues::Uniform((1.0 / self.filter_len(input.channels) as f32).sqrt()),
        }
    }

    /// Real weights, stored as floats or as integers with a scale per filter, or bits with two values per
    /// filter. Random ones keep the magnitude of activations.
    fn tensors(&self, node: NodeId, input: Shape) -> Vec<PackedTensor> {
        let (filters, n) = (self.out_channels, self.filter_len(input.channels));
        let tensor = |name, shape, content| PackedTensor { node, name, shape, content };
        let floats =
            |name, shape, low, high| tensor(name, shape, PackedContent::Floats { random: [low, high] });
        if !self.precision.binary_weights() {
            let bound = (3.0 / n as f32).sqrt();
            let shape = self.weight_shape(input);
            let random = bound / 127.0;
            return match self.weight_format {
                WeightFormat::F32 => vec![floats("weight", shape, -bound, bound)],
                WeightFormat::I8 => vec![
                    tensor("weight", shape, PackedContent::Integers),
                    tensor("scale", vec![filters], PackedContent::Scales { random }),
                ],
            };
        }
        let scale = (1.0 / n as f32).sqrt();
        vec![
            tensor("bits", vec![filters, n.div_ceil(8)], PackedContent::Bits { row: n }),
            floats("alpha", vec![filters], 0.5 * scale, 1.5 * scale),
            floats("beta", vec![filters], -1.5 * scale, -0.5 * scale),
        ]
    }

    fn weight_shape(&self, input: Shape) -> Vec<usize> {
        vec![self.out_channels, self.group_channels(input.channels), self.kernel, self.kernel]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConvSpec, GraphBuilder, Op, Policy};

    fn graph() -> Graph {
        let mut net = GraphBuilder::new("all", &Policy::Fbin, Shape::new(3, 5, 5));
        net.full_layer("conv1", ConvSpec::new(4, 3));
        net.push("bent", Op::RPReLU);
        net.layer("conv2", ConvSpec::new(6, 3).groups(2));
        net.relu("relu");
        net.build().unwrap()
    }

    #[test]
    fn parameters_are_listed_node_by_node() {
        let graph = graph();
        let name = |node: NodeId, name: &str| format!("{}.{name}", graph.nodes()[node].name);
        let list = graph.parameters();
        let found: Vec<_> = list.iter().map(|it| (name(it.node, it.name), it.shape.clone())).collect();
        let channels = |name: &str, count: usize| (name.to_owned(), vec![count]);
        let expected = [
            ("conv1.weight".to_owned(), vec![4, 3, 3, 3]),
            channels("conv1.norm.gamma", 4),
            channels("conv1.norm.beta", 4),
            channels("conv1.norm.mean", 4),
            channels("conv1.norm.variance", 4),
            channels("bent.threshold", 4),
            channels("bent.slope", 4),
            channels("bent.shift", 4),
            channels("conv2.norm.gamma", 4),
            channels("conv2.norm.beta", 4),
            channels("conv2.norm.mean", 4),
            channels("conv2.norm.variance", 4),
            ("conv2.weight".to_owned(), vec![6, 2, 3, 3]),
        ];
        assert_eq!(found, expected);
        let roles: Vec<_> = list.iter().map(|it| it.role).collect();
        assert_eq!((roles[0], roles[12]), (ParameterRole::Weights, ParameterRole::LatentWeights));
        assert_eq!(list.iter().filter(|it| it.role.is_trained()).count(), 9);
    }

    #[test]
    fn packed_tensors_take_the_bytes_that_are_counted() {
        let graph = graph();
        let tensors = graph.packed_tensors();
        let names: Vec<_> = tensors.iter().map(|it| it.name).collect();
        let bent = ["threshold", "slope", "shift"];
        let binary = ["scale", "shift", "bits", "alpha", "beta"];
        let expected = [&["weight", "scale", "scale", "shift"][..], &bent, &binary];
        assert_eq!(names, expected.concat());
        // 18 weights a filter are 3 bytes.
        assert_eq!(tensors[9].shape, [6, 3]);
        assert_eq!(tensors.iter().map(PackedTensor::bytes).sum::<u64>(), graph.cost().bytes());
        // A byte a weight, and a scale a filter.
        assert_eq!(graph.cost().layers[0].bytes, 4 * 27 + 4 * 4);
    }
}

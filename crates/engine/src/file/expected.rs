use dabnet_graph::{Graph, Op};
use safetensors::Dtype;

/// The parameters that a graph asks of one of its nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// A convolution in full precision; `in_channels` are those that one filter sees.
    Float { filters: usize, in_channels: usize, kernel: usize },
    /// A convolution with binary weights.
    Binary { filters: usize, in_channels: usize, kernel: usize },
    /// A batch normalisation.
    Affine { channels: usize },
    /// An RPReLU.
    RPReLU { channels: usize },
}

/// How one tensor of a node is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Appended to the node's name.
    pub(super) suffix: &'static str,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
}

impl Expected {
    /// The tensors that hold these parameters, in the order in which `Parameters` lists them.
    pub(super) fn tensors(self) -> Vec<Stored> {
        let stored = |suffix, dtype, shape| Stored { suffix, dtype, shape };
        match self {
            Self::Float { filters, in_channels, kernel } => {
                vec![stored(".weight", Dtype::F32, vec![filters, in_channels, kernel, kernel])]
            }
            Self::Binary { filters, in_channels, kernel } => {
                let row = (in_channels * kernel * kernel).div_ceil(8);
                vec![
                    stored(".bits", Dtype::U8, vec![filters, row]),
                    stored(".alpha", Dtype::F32, vec![filters]),
                    stored(".beta", Dtype::F32, vec![filters]),
                ]
            }
            Self::Affine { channels } => vec![
                stored(".scale", Dtype::F32, vec![channels]),
                stored(".shift", Dtype::F32, vec![channels]),
            ],
            Self::RPReLU { channels } => vec![
                stored(".threshold", Dtype::F32, vec![channels]),
                stored(".slope", Dtype::F32, vec![channels]),
                stored(".shift", Dtype::F32, vec![channels]),
            ],
        }
    }
}

/// The nodes of a graph that have parameters, in order, and which ones.
pub(super) fn expected(graph: &Graph) -> impl Iterator<Item = (&str, Expected)> {
    graph.nodes().iter().enumerate().filter_map(|(id, node)| {
        let expected = match &node.op {
            Op::Conv2d(conv) => {
                let (filters, kernel) = (conv.out_channels, conv.kernel);
                let in_channels = graph.filter_channels(id);
                if conv.precision.binary_weights() {
                    Expected::Binary { filters, in_channels, kernel }
                } else {
                    Expected::Float { filters, in_channels, kernel }
                }
            }
            Op::BatchNorm { .. } => Expected::Affine { channels: graph.shape(id).channels },
            Op::RPReLU => Expected::RPReLU { channels: graph.shape(id).channels },
            _ => return None,
        };
        Some((node.name.as_str(), expected))
    })
}

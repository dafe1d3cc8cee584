//! Which tensors a checkpoint of a network has.

use dabnet_graph::{Graph, Op};
use safetensors::Dtype;

use crate::{NodeParameters, Norm, Parameters, TrainConfig, optimizer::OptimizerState};

/// The parameters as training moves them.
const PARAMETERS: &str = "parameters";
/// Their moving average.
const AVERAGE: &str = "average";
/// What the optimiser remembers.
const OPTIMIZER: &str = "optimizer";
/// The bits of an epoch ago.
const BITS: &str = "bits";

/// One tensor, as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Whether it holds mean squares, which are never negative.
    pub squares: bool,
}

/// The tensors of every part of a checkpoint, in the order of the buffers they hold.
#[derive(Debug)]
pub(super) struct Layout {
    pub parameters: Vec<Slot>,
    pub average: Option<Vec<Slot>>,
    pub optimizer: Vec<Vec<Slot>>,
    pub bits: Vec<Slot>,
}

impl Layout {
    pub(super) fn new(graph: &Graph, config: &TrainConfig) -> Self {
        let memory = OptimizerState::slot_names(&config.optimizer).iter().map(|slot| {
            let mut slots = floats(&format!("{OPTIMIZER}.{slot}"), graph, false);
            slots.iter_mut().for_each(|tensor| tensor.squares = *slot == "second");
            slots
        });
        Self {
            parameters: floats(PARAMETERS, graph, true),
            average: config.ema.map(|_| floats(AVERAGE, graph, true)),
            optimizer: memory.collect(),
            bits: bits(graph),
        }
    }

    /// All of them.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        let parameters = self.parameters.iter().chain(self.average.iter().flatten());
        parameters.chain(self.optimizer.iter().flatten()).chain(&self.bits)
    }
}

/// The buffers of every node: those that are trained, and `with_statistics` the others too.
fn floats(part: &str, graph: &Graph, with_statistics: bool) -> Vec<Slot> {
    let mut slots = Vec::new();
    for (id, node) in graph.nodes().iter().enumerate() {
        let mut push = |suffix: &str, shape: Vec<usize>| {
            let name = format!("{part}.{}.{suffix}", node.name);
            slots.push(Slot { name, dtype: Dtype::F32, shape, squares: suffix == "variance" });
        };
        match &node.op {
            Op::Conv2d(conv) => {
                push("weight", vec![conv.out_channels, graph.filter_channels(id), conv.kernel, conv.kernel]);
            }
            Op::BatchNorm { .. } => {
                let names: &[&str] =
                    if with_statistics { &["gamma", "beta", "mean", "variance"] } else { &["gamma", "beta"] };
                names.iter().for_each(|name| push(name, vec![graph.shape(id).channels]));
            }
            Op::RPReLU => {
                let names = ["threshold", "slope", "shift"];
                names.iter().for_each(|name| push(name, vec![graph.shape(id).channels]));
            }
            _ => {}
        }
    }
    slots
}

fn bits(graph: &Graph) -> Vec<Slot> {
    let binary = graph.convolutions().filter(|(_, _, conv)| conv.precision.binary_weights());
    let slots = binary.map(|(id, node, conv)| Slot {
        name: format!("{BITS}.{}", node.name),
        dtype: Dtype::U8,
        shape: vec![conv.weights(graph.input_shape_of(id).channels).div_ceil(8)],
        squares: false,
    });
    slots.collect()
}

/// Parameters of a graph from their buffers, in the order of [`Parameters::buffers`]; `None` if there
/// are too few.
pub(super) fn parameters(graph: &Graph, buffers: Vec<Vec<f32>>) -> Option<Parameters> {
    let mut buffers = buffers.into_iter();
    let nodes = graph.nodes().iter().map(|node| {
        Some(match &node.op {
            Op::Conv2d(_) => NodeParameters::Conv(buffers.next()?),
            Op::BatchNorm { .. } => NodeParameters::Norm(Norm {
                gamma: buffers.next()?,
                beta: buffers.next()?,
                mean: buffers.next()?,
                variance: buffers.next()?,
            }),
            Op::RPReLU => NodeParameters::RPReLU {
                threshold: buffers.next()?,
                slope: buffers.next()?,
                shift: buffers.next()?,
            },
            _ => NodeParameters::None,
        })
    });
    Some(Parameters::from_nodes(nodes.collect::<Option<_>>()?))
}

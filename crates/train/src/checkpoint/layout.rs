//! Names, types and shapes of the tensors in a checkpoint.

use dabnet_container::Dtype;
use dabnet_graph::Graph;

use crate::{TrainConfig, optimizer::OptimizerState};

/// The parameters as training moves them.
const PARAMETERS: &str = "parameters";
/// Their moving average.
const AVERAGE: &str = "average";
/// Prefix of the optimizer's state.
const OPTIMIZER: &str = "optimizer";
/// Prefix of the bits of one epoch ago.
const BITS: &str = "bits";

/// Expected name, type and shape of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TensorSpec {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Lower bound of the values, if there is one.
    pub least: Option<f32>,
}

/// Tensors of a checkpoint, by part, in the order of the buffers they hold.
#[derive(Debug)]
pub(super) struct CheckpointLayout {
    pub parameters: Vec<TensorSpec>,
    pub average: Option<Vec<TensorSpec>>,
    pub optimizer: Vec<Vec<TensorSpec>>,
    pub bits: Vec<TensorSpec>,
}

impl CheckpointLayout {
    pub(super) fn new(graph: &Graph, config: &TrainConfig) -> Self {
        let memory = OptimizerState::slot_names(&config.optimizer).iter().map(|slot| {
            let mut slots = floats(&format!("{OPTIMIZER}.{slot}"), graph, false);
            let squares = *slot == "second";
            slots.iter_mut().for_each(|tensor| tensor.least = squares.then_some(0.0));
            slots
        });
        Self {
            parameters: floats(PARAMETERS, graph, true),
            average: config.ema.map(|_| floats(AVERAGE, graph, true)),
            optimizer: memory.collect(),
            bits: bits(graph),
        }
    }

    /// All tensors, in the order of the file.
    pub(super) fn slots(&self) -> impl Iterator<Item = &TensorSpec> {
        let parameters = self.parameters.iter().chain(self.average.iter().flatten());
        parameters.chain(self.optimizer.iter().flatten()).chain(&self.bits)
    }
}

/// Tensors of all trained parameters, and `with_statistics` of running statistics too.
fn floats(part: &str, graph: &Graph, with_statistics: bool) -> Vec<TensorSpec> {
    let parameters = graph.parameters().into_iter().filter(|it| with_statistics || it.role.is_trained());
    let slots = parameters.map(|parameter| TensorSpec {
        name: format!("{part}.{}.{}", graph.nodes()[parameter.node].name, parameter.name),
        dtype: Dtype::F32,
        shape: parameter.shape,
        least: parameter.role.least(),
    });
    slots.collect()
}

fn bits(graph: &Graph) -> Vec<TensorSpec> {
    let binary = graph.convolutions().filter(|(_, _, conv)| conv.precision.binary_weights());
    let slots = binary.map(|(id, node, conv)| TensorSpec {
        name: format!("{BITS}.{}", node.name),
        dtype: Dtype::U8,
        shape: vec![conv.weights(graph.input_shape_of(id).channels).div_ceil(8)],
        least: None,
    });
    slots.collect()
}

use dabnet_engine::PackedModel;
use dabnet_graph::NetworkCost;
use dabnet_train::TrainedNetwork;

use super::contender::Contender;
use crate::evaluation::Evaluation;

/// One contender, trained, packed and evaluated.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub contender: &'static Contender,
    /// One point an epoch.
    pub curve: Vec<CurvePoint>,
    pub trained: TrainedNetwork,
    pub packed: PackedModel,
    /// Size of the packed model's file.
    pub bytes: u64,
    /// On the test split, through the packed engine.
    pub evaluation: Evaluation,
}

impl Outcome {
    pub(crate) fn cost(&self) -> NetworkCost {
        self.packed.graph.cost()
    }
}

/// Means over one epoch of training, on augmented sketches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurvePoint {
    pub loss: f32,
    pub accuracy: f32,
}

use dabnet_graph::Graph;

use crate::{
    Parameters, TrainConfig, TrainError, TrainedNetwork, Validation, WeightHistory,
    effective::effective_weights, optimizer::OptimizerState,
};

mod file;
mod header;
mod layout;

/// Everything that a run goes on from, but its [`WeightHistory`], which a [`RunFolder`](crate::RunFolder) keeps beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(crate) config: TrainConfig,
    pub(crate) graph: Graph,
    pub(crate) labels: Vec<String>,
    pub(crate) origin: DataFingerprint,
    pub(crate) parameters: Parameters,
    /// The moving average of the parameters.
    pub(crate) average: Option<Parameters>,
    pub(crate) optimizer: OptimizerState,
    /// The bits of every binary layer an epoch ago.
    pub(crate) bits: Vec<Vec<u8>>,
    pub(crate) counts: TrainingCounters,
}

/// What a run learns from, in as little as tells it from another.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataFingerprint {
    /// Training examples.
    pub examples: usize,
    /// CRC-32 of their labels.
    pub labels: u32,
    /// What tells the data from other data, where the run was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<u32>,
    /// What tells the data of the examples without labels from other data, set by set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlabelled: Vec<u32>,
    /// [Fingerprint](crate::teacher::fingerprint) of the teachers.
    pub teacher: Option<u32>,
}

/// Where a run is.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingCounters {
    /// Steps done.
    pub step: usize,
    /// Steps of an epoch.
    pub steps_per_epoch: usize,
    /// The sum of the losses of this epoch's steps.
    pub loss: f64,
    /// How many of its examples were labelled right.
    pub correct: usize,
    /// How many of them have a label; 0 in checkpoints from when all had one.
    #[serde(default)]
    pub labelled: usize,
    /// The last validation.
    pub validation: Option<Validation>,
    /// The best one.
    pub best: Option<Validation>,
    /// Time spent on it.
    pub seconds: f64,
}

impl Checkpoint {
    /// How the run trains.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Name of every output, in order; none if the run was not told.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Steps done.
    pub fn step(&self) -> usize {
        self.counts.step
    }

    /// Whole epochs done.
    pub fn epochs_done(&self) -> usize {
        self.counts.step / self.counts.steps_per_epoch
    }

    /// Time spent on training so far, in seconds.
    pub fn seconds(&self) -> f64 {
        self.counts.seconds
    }

    /// How well the network labelled the validation examples after its last epoch.
    pub fn validation(&self) -> Option<Validation> {
        self.counts.validation
    }

    /// The best validation so far.
    pub fn best(&self) -> Option<Validation> {
        self.counts.best
    }

    /// The network as it is, with what it went through.
    ///
    /// # Errors
    /// [`TrainError::Split`] if a latent weight is not finite.
    pub fn trained(&self, history: WeightHistory) -> Result<TrainedNetwork, TrainError> {
        let parameters = self.output_parameters().clone();
        let effective = effective_weights(&self.graph, &parameters, self.config.scheme, false)?;
        Ok(TrainedNetwork::new(self.graph.clone(), self.config.clone(), parameters, effective, history))
    }

    /// The parameters to validate, pack and return.
    pub(crate) fn output_parameters(&self) -> &Parameters {
        self.average.as_ref().unwrap_or(&self.parameters)
    }
}

use dabnet_graph::Graph;

use crate::{
    Parameters, TrainConfig, TrainError, TrainedNetwork, Validation, WeightHistory,
    effective::effective_weights, optimizer::OptimizerState,
};

mod file;
mod header;
mod layout;

/// Complete state of a training run at one step, from which it can be resumed. The [`WeightHistory`] is kept
/// beside it, by a [`RunFolder`](crate::RunFolder).
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(crate) config: TrainConfig,
    pub(crate) graph: Graph,
    pub(crate) labels: Vec<String>,
    pub(crate) origin: DataFingerprint,
    pub(crate) parameters: Parameters,
    /// Exponential moving average of the parameters, if there is one.
    pub(crate) average: Option<Parameters>,
    pub(crate) optimizer: OptimizerState,
    /// Bits of every binary layer one epoch ago, to count flips.
    pub(crate) bits: Vec<Vec<u8>>,
    pub(crate) counts: TrainingCounters,
}

/// Identity of the data and teachers that a run learns from, as counts and checksums.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataFingerprint {
    /// Training examples.
    pub examples: usize,
    /// CRC-32 of their labels.
    pub labels: u32,
    /// Checksum of the data set, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<u32>,
    /// Checksum of each data set without labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlabelled: Vec<u32>,
    /// [Fingerprint](crate::teacher::fingerprint) of the teachers.
    pub teacher: Option<u32>,
}

/// Counters and running sums of a run.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingCounters {
    /// Steps done.
    pub step: usize,
    /// Steps of an epoch.
    pub steps_per_epoch: usize,
    /// Sum of the losses of this epoch's steps.
    pub loss: f64,
    /// Number of examples of this epoch that were classified correctly.
    pub correct: usize,
    /// Number of examples of this epoch that have a label; 0 in checkpoints written before unlabeled examples
    /// existed.
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
    /// Settings of the run.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Names of the outputs, in order; empty if unknown.
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

    /// Validation after the last epoch, if there was one.
    pub fn validation(&self) -> Option<Validation> {
        self.counts.validation
    }

    /// The best validation so far.
    pub fn best(&self) -> Option<Validation> {
        self.counts.best
    }

    /// Returns the network as of this checkpoint, with the given history.
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

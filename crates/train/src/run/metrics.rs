use serde::{Deserialize, Serialize};

use crate::{EpochReport, LayerReport, Progress, Validation};

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MetricRecord {
    /// After a step.
    Step(StepMetrics),
    /// After an epoch.
    Epoch(EpochMetrics),
}

/// Training metrics after a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Steps done.
    pub step: usize,
    /// The epoch of the last one, from 1.
    pub epoch: usize,
    /// Mean loss over the epoch so far.
    pub loss: f32,
    /// Training accuracy over the epoch so far.
    pub accuracy: f32,
    /// Learning rate of the last step.
    pub learning_rate: f32,
    /// Mean throughput, in examples per second.
    pub examples_per_second: f64,
    /// Time spent on training.
    pub seconds: f64,
}

/// Metrics of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Training metrics after its last step.
    #[serde(flatten)]
    pub step: StepMetrics,
    /// Validation, if there are validation examples.
    pub validation: Option<Validation>,
    /// True if no earlier epoch validated better.
    pub best: bool,
    /// Changes of every binary layer.
    pub layers: Vec<LayerReport>,
}

impl MetricRecord {
    /// Steps done.
    pub fn step(&self) -> usize {
        match self {
            Self::Step(step) => step.step,
            Self::Epoch(epoch) => epoch.step.step,
        }
    }
}

impl From<&Progress> for StepMetrics {
    fn from(progress: &Progress) -> Self {
        Self {
            step: progress.step,
            epoch: progress.epoch,
            loss: progress.loss,
            accuracy: progress.accuracy,
            learning_rate: progress.learning_rate,
            examples_per_second: progress.examples_per_second(),
            seconds: progress.elapsed.as_secs_f64(),
        }
    }
}

impl From<&EpochReport<'_>> for EpochMetrics {
    fn from(report: &EpochReport<'_>) -> Self {
        Self {
            step: (&report.progress).into(),
            validation: report.validation,
            best: report.best,
            layers: report.layers.clone(),
        }
    }
}

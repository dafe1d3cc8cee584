use std::borrow::Cow;

use dabnet_graph::Graph;
use serde::{Deserialize, Serialize};

use super::{DataFingerprint, TrainingCounters};
use crate::{TrainConfig, TrainError};

/// Value of the header's `format` field.
pub(super) const FORMAT: &str = "dabnet-checkpoint";
/// File format version that is written and read. Runs of version 1 were trained on lines drawn differently,
/// and cannot be resumed.
pub(super) const VERSION: u32 = 2;

/// All of a checkpoint that is not a tensor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointHeader<'a> {
    pub format: Cow<'a, str>,
    pub version: u32,
    pub config: Cow<'a, TrainConfig>,
    pub graph: Cow<'a, Graph>,
    pub labels: Cow<'a, [String]>,
    pub origin: Cow<'a, DataFingerprint>,
    pub updates: u32,
    pub counts: Cow<'a, TrainingCounters>,
}

/// Only as much as tells whether the rest can be read.
#[derive(Deserialize)]
struct FormatVersion {
    format: String,
    version: u32,
}

impl CheckpointHeader<'static> {
    /// Parses and validates a header.
    pub(super) fn read(text: &str) -> Result<Self, TrainError> {
        let parse = |error: serde_json::Error| TrainError::field("checkpoint", error.to_string());
        let FormatVersion { format, version } = serde_json::from_str(text).map_err(parse)?;
        if format != FORMAT || version != VERSION {
            let reason =
                format!("is '{format}' {version}, this version of dabnet reads '{FORMAT}' {VERSION}");
            return Err(TrainError::field("format", reason));
        }
        let header: Self = serde_json::from_str(text).map_err(parse)?;
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), TrainError> {
        let fail = |field: &str, reason: String| Err(TrainError::field(field, reason));
        if let Err(error) = self.config.validate() {
            return fail("config", error.to_string());
        }
        let (labels, outputs) = (self.labels.len(), self.graph.outputs());
        if labels != 0 && labels != outputs {
            return fail("labels", format!("has {labels} entries, the network {outputs} outputs"));
        }
        self.check_counts()
    }

    fn check_counts(&self) -> Result<(), TrainError> {
        let fail = |field: &str, reason: String| Err(TrainError::field(field, reason));
        let TrainingCounters { step, steps_per_epoch, loss, correct, labelled, validation, best, seconds } =
            &*self.counts;
        if *steps_per_epoch == 0 || *steps_per_epoch > self.origin.examples {
            return fail("counts.steps_per_epoch", format!("cannot be {steps_per_epoch}"));
        }
        if self.config.epochs.checked_mul(*steps_per_epoch).is_none_or(|steps| *step > steps) {
            return fail("counts.step", format!("is {step}, more than there are"));
        }
        if self.updates as usize > *step {
            return fail("updates", format!("is {}, more than the {step} steps", self.updates));
        }
        if correct.max(labelled) > &self.origin.examples {
            let field = if correct > labelled { "counts.correct" } else { "counts.labelled" };
            return fail(field, format!("is {}, more than there are examples", correct.max(labelled)));
        }
        let accuracies = [validation, best].into_iter().flatten().flat_map(|v| [v.top1, v.top5]);
        if !accuracies.into_iter().all(|share| (0.0..=1.0).contains(&share)) {
            return fail("counts.validation", "has a share that is not in [0, 1]".to_owned());
        }
        if !(loss.is_finite() && seconds.is_finite() && *seconds >= 0.0) {
            return fail("counts", "has a number that is not finite".to_owned());
        }
        Ok(())
    }
}

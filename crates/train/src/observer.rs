use std::time::Duration;

use crate::{Checkpoint, TrainError, TrainedNetwork, Validation, WeightHistory, WeightSnapshot};

/// Follows a run, and may stop it.
///
/// What a method does not override goes on. An error ends training.
pub trait TrainingObserver {
    /// Called before the first step with the number of steps done and the history so far: the initial
    /// weights, or the history of a resumed run.
    ///
    /// # Errors
    /// Whatever ends training.
    fn begin(&mut self, step: usize, history: &WeightHistory) -> Result<(), TrainError> {
        let _ = (step, history);
        Ok(())
    }

    /// Called with a warning that does not stop the run.
    fn warn(&mut self, message: &str) {
        let _ = message;
    }

    /// After every step.
    ///
    /// # Errors
    /// Whatever ends training.
    fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
        let _ = progress;
        Ok(RunControl::Continue)
    }

    /// Called after every epoch, following [`step`](Self::step) of its last step.
    ///
    /// # Errors
    /// Whatever ends training.
    fn epoch(&mut self, report: &EpochReport<'_>) -> Result<RunControl, TrainError> {
        let _ = report;
        Ok(RunControl::Continue)
    }

    /// Called with the state to resume from, after [`RunControl::Save`] or [`RunControl::Stop`].
    ///
    /// # Errors
    /// Whatever ends training.
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let _ = checkpoint;
        Ok(())
    }
}

/// Request of an observer. `Save` and `Stop` are deferred to the next update of the parameters, so that no
/// gradient is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunControl {
    /// Continue.
    #[default]
    Continue,
    /// Make a [checkpoint](TrainingObserver::checkpoint) and continue.
    Save,
    /// Make a [checkpoint](TrainingObserver::checkpoint) and stop.
    Stop,
}

/// Progress of training after a step.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// Steps done, over all epochs.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Mean loss over the epoch so far.
    pub loss: f32,
    /// Training accuracy over the epoch so far, of the augmented examples that have a label.
    pub accuracy: f32,
    /// Learning rate of this step.
    pub learning_rate: f32,
    /// Validation after the last complete epoch.
    pub validation: Option<Validation>,
    /// Examples seen since training began.
    pub examples: usize,
    /// Time since training began.
    pub elapsed: Duration,
}

impl Progress {
    /// True if this is the last step of its epoch.
    pub fn ends_epoch(&self) -> bool {
        self.step * self.epochs == self.epoch * self.steps
    }

    /// Examples a second so far.
    pub fn examples_per_second(&self) -> f64 {
        self.examples as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Time left at that rate.
    pub fn time_left(&self) -> Duration {
        self.elapsed.mul_f64((self.steps - self.step) as f64 / self.step.max(1) as f64)
    }
}

/// Results of an epoch.
#[derive(Clone, Debug)]
pub struct EpochReport<'a> {
    /// Progress of training.
    pub progress: Progress,
    /// Statistics of the latent weights; of the averaged ones, if there is a moving average.
    pub snapshot: &'a WeightSnapshot,
    /// Changes of every binary layer.
    pub layers: Vec<LayerReport>,
    /// Validation, if there are validation examples.
    pub validation: Option<Validation>,
    /// True if no earlier epoch validated better. Epochs with real weights do not count.
    pub best: bool,
}

/// Change of one binary layer over an epoch.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerReport {
    /// Name of the layer.
    pub layer: String,
    /// Share of its bits that flipped during the epoch.
    pub flipped: f32,
    /// The mean `α` of its filters.
    pub alpha: f32,
    /// The mean `β`.
    pub beta: f32,
    /// The mean `K / n`.
    pub upper_share: f32,
}

/// Result of a training run.
#[derive(Clone, Debug)]
pub enum TrainingOutcome {
    /// Training reached its last epoch.
    Finished(TrainedNetwork),
    /// The observer stopped training.
    Stopped(TrainedNetwork),
}

impl TrainingOutcome {
    /// The network as it is now.
    pub fn into_trained(self) -> TrainedNetwork {
        match self {
            Self::Finished(trained) | Self::Stopped(trained) => trained,
        }
    }
}

/// Calls a function after every step.
pub(crate) struct StepCallback<F>(pub F);

impl<F: FnMut(&Progress)> TrainingObserver for StepCallback<F> {
    fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
        (self.0)(progress);
        Ok(RunControl::Continue)
    }
}

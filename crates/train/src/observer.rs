use std::time::Duration;

use crate::{Checkpoint, TrainError, TrainedNetwork, Validation, WeightHistory, WeightSnapshot};

/// Follows a run, and may stop it.
///
/// What a method does not override goes on. An error ends training.
pub trait TrainingObserver {
    /// Before the first step, with the steps done and the history so far: the start, or what a resumed run went
    /// through.
    ///
    /// # Errors
    /// Whatever ends training.
    fn begin(&mut self, step: usize, history: &WeightHistory) -> Result<(), TrainError> {
        let _ = (step, history);
        Ok(())
    }

    /// Something that a user should hear of and that does not keep the run from going on.
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

    /// After every epoch, when its last step has been told of.
    ///
    /// # Errors
    /// Whatever ends training.
    fn epoch(&mut self, report: &EpochReport<'_>) -> Result<RunControl, TrainError> {
        let _ = report;
        Ok(RunControl::Continue)
    }

    /// Everything that the run goes on from, after [`RunControl::Save`] or [`RunControl::Stop`].
    ///
    /// # Errors
    /// Whatever ends training.
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let _ = checkpoint;
        Ok(())
    }
}

/// What an observer wants of a run. Both others wait until parameters have moved, so that no gradient
/// is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunControl {
    /// That it goes on.
    #[default]
    Continue,
    /// A [checkpoint](TrainingObserver::checkpoint), and that it goes on.
    Save,
    /// A [checkpoint](TrainingObserver::checkpoint), and that it ends.
    Stop,
}

/// Where training stands, after every step.
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
    /// Share of the epoch's augmented examples labelled right so far, of those that have a label.
    pub accuracy: f32,
    /// Learning rate of this step.
    pub learning_rate: f32,
    /// How well the network labelled the validation examples after the last epoch that ended.
    pub validation: Option<Validation>,
    /// Examples seen since training began.
    pub examples: usize,
    /// Time since training began.
    pub elapsed: Duration,
}

impl Progress {
    /// Whether this is the last step of its epoch.
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

/// What an epoch came to.
#[derive(Clone, Debug)]
pub struct EpochReport<'a> {
    /// Where training stands.
    pub progress: Progress,
    /// What the latent weights are like; the averaged ones, where there is an average.
    pub snapshot: &'a WeightSnapshot,
    /// What happened to every binary layer.
    pub layers: Vec<LayerReport>,
    /// How well the network labels the validation examples, where there are any.
    pub validation: Option<Validation>,
    /// Whether that is better than after any earlier epoch. Epochs with real weights do not count.
    pub best: bool,
}

/// What an epoch did to one binary layer.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerReport {
    /// Its name.
    pub layer: String,
    /// The share of its bits that are not what they were an epoch ago.
    pub flipped: f32,
    /// The mean `α` of its filters.
    pub alpha: f32,
    /// The mean `β`.
    pub beta: f32,
    /// The mean `K / n`.
    pub upper_share: f32,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum TrainingOutcome {
    /// After its last epoch.
    Finished(TrainedNetwork),
    /// Where its observer stopped it.
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

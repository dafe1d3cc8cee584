use std::time::Duration;

use crate::Validation;

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

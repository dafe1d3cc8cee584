use dabnet_binarize::Scheme;

use crate::{Device, TrainError};

/// How a network is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainConfig {
    /// How filters of binary layers become two values.
    pub scheme: Scheme,
    /// Passes over the training examples.
    pub epochs: usize,
    /// Examples a step.
    pub batch: usize,
    /// Peak learning rate of Adam.
    pub learning_rate: f32,
    /// Subtract from every latent filter its mean over input channels, at each tap, before each
    /// step (as published; see the design's trial for what that costs `dab`).
    pub center: bool,
    /// Probability mass that the target gives to all labels alike.
    pub label_smoothing: f32,
    /// Everything random follows from this.
    pub seed: u64,
    /// Threads of the machine to use; the result does not depend on it.
    pub threads: usize,
    /// What runs the network.
    pub device: Device,
}

impl TrainConfig {
    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        let fail = |reason: &str| Err(TrainError::Config(reason.to_owned()));
        if self.epochs == 0 {
            return fail("epochs must be at least 1");
        }
        if self.batch < 2 {
            return fail("a batch must have at least 2 examples");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return fail("the learning rate must be positive");
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return fail("label smoothing must be in [0, 1)");
        }
        if self.threads == 0 {
            return fail("at least one thread is needed");
        }
        Ok(())
    }
}

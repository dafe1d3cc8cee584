use crate::{Checkpoint, History, Progress, Snapshot, TrainError, Trained, Validation};

/// Follows a run, and may stop it.
///
/// What a method does not override goes on. An error ends training.
pub trait Observer {
    /// Before the first step, with the steps done and the history so far: the start, or what a resumed run went
    /// through.
    ///
    /// # Errors
    /// Whatever ends training.
    fn begin(&mut self, step: usize, history: &History) -> Result<(), TrainError> {
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
    fn step(&mut self, progress: &Progress) -> Result<Control, TrainError> {
        let _ = progress;
        Ok(Control::Continue)
    }

    /// After every epoch, when its last step has been told of.
    ///
    /// # Errors
    /// Whatever ends training.
    fn epoch(&mut self, report: &EpochReport<'_>) -> Result<Control, TrainError> {
        let _ = report;
        Ok(Control::Continue)
    }

    /// Everything that the run goes on from, after [`Control::Save`] or [`Control::Stop`].
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
pub enum Control {
    /// That it goes on.
    #[default]
    Continue,
    /// A [checkpoint](Observer::checkpoint), and that it goes on.
    Save,
    /// A [checkpoint](Observer::checkpoint), and that it ends.
    Stop,
}

/// What an epoch came to.
#[derive(Clone, Debug)]
pub struct EpochReport<'a> {
    /// Where training stands.
    pub progress: Progress,
    /// What the latent weights are like; the averaged ones, where there is an average.
    pub snapshot: &'a Snapshot,
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
pub enum Outcome {
    /// After its last epoch.
    Finished(Trained),
    /// Where its observer stopped it.
    Stopped(Trained),
}

impl Outcome {
    /// The network as it is now.
    pub fn into_trained(self) -> Trained {
        match self {
            Self::Finished(trained) | Self::Stopped(trained) => trained,
        }
    }
}

/// Calls a function after every step.
pub(crate) struct Steps<F>(pub F);

impl<F: FnMut(&Progress)> Observer for Steps<F> {
    fn step(&mut self, progress: &Progress) -> Result<Control, TrainError> {
        (self.0)(progress);
        Ok(Control::Continue)
    }
}

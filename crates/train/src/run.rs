use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use dabnet_data::Examples;

use crate::{Checkpoint, History, Observer, Outcome, TrainError, Trained, Trainer};

mod lines;
mod lock;
mod metrics;
mod recorder;

pub use metrics::{EpochMetrics, Metric, StepMetrics};

use self::{lines::Lines, lock::Lock, recorder::Recorder};

/// The history of the latent weights, a [`Snapshot`](crate::Snapshot) a line.
const HISTORY: &str = "history.jsonl";
/// How training went, a [`Metric`] a line.
const METRICS: &str = "metrics.jsonl";

/// One of the checkpoints that a run keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// What the run goes on from.
    Latest,
    /// After the epoch that labelled the validation examples best.
    Best,
}

impl Saved {
    /// The name of its file.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Latest => "latest.safetensors",
            Self::Best => "best.safetensors",
        }
    }
}

/// How often a run is written down. It always is at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saving {
    /// A checkpoint whenever so much time has passed since the last.
    pub every: Duration,
    /// A checkpoint whenever so many steps have been made since the last, too.
    pub every_steps: Option<usize>,
    /// A line of metrics whenever so many steps have been made.
    pub metrics_every_steps: usize,
}

impl Default for Saving {
    fn default() -> Self {
        Self { every: Duration::from_secs(600), every_steps: None, metrics_every_steps: 100 }
    }
}

/// A folder in which a run is kept, so that it can be killed at any moment and go on.
///
/// It has `latest.safetensors` and perhaps `best.safetensors`, which are [checkpoints](Checkpoint), and
/// two files that only grow: `history.jsonl` and `metrics.jsonl`. Of these a run that goes on keeps what
/// its checkpoint knows, and repeats the rest.
#[derive(Clone, Debug)]
pub struct Run {
    folder: PathBuf,
    /// Where it is [held](Self::hold).
    lock: Option<Arc<Lock>>,
}

impl Run {
    /// A run in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// [`TrainError::Write`] if it cannot be made.
    pub fn create(folder: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let folder = folder.into();
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(Self { folder, lock: None }),
            Err(source) => Err(TrainError::Write { path: folder, source }),
        }
    }

    /// The run in `folder`, which has a checkpoint.
    ///
    /// # Errors
    /// [`TrainError::Config`] if it has none.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let run = Self { folder: folder.into(), lock: None };
        if run.is_begun() {
            return Ok(run);
        }
        let (folder, name) = (run.folder.display(), Saved::Latest.file_name());
        Err(TrainError::Config(format!("{folder} is no run that has been trained: it has no {name}")))
    }

    /// The same, kept from other processes until this and its copies are gone.
    ///
    /// # Errors
    /// [`TrainError::Busy`] if another process trains this run.
    pub fn hold(self) -> Result<Self, TrainError> {
        let lock = Some(Arc::new(Lock::take(&self.folder)?));
        Ok(Self { lock, ..self })
    }

    /// Whether there is a checkpoint to go on from.
    pub fn is_begun(&self) -> bool {
        [Saved::Latest, Saved::Best].iter().any(|saved| self.path(*saved).is_file())
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where one of its checkpoints is, or would be.
    pub fn path(&self, saved: Saved) -> PathBuf {
        self.folder.join(saved.file_name())
    }

    /// One of its checkpoints.
    ///
    /// # Errors
    /// [`TrainError::Read`] or [`TrainError::File`] if it cannot be read.
    pub fn checkpoint(&self, saved: Saved) -> Result<Checkpoint, TrainError> {
        Checkpoint::load(self.path(saved))
    }

    /// What the latent weights went through up to a checkpoint.
    ///
    /// # Errors
    /// [`TrainError::Read`] or [`TrainError::File`] if it cannot be read or knows less than the
    /// checkpoint.
    pub fn history(&self, checkpoint: &Checkpoint) -> Result<History, TrainError> {
        let lines = self.history_lines();
        let epochs = checkpoint.epochs_done();
        let snapshots = lines.read(|snapshot| snapshot.epoch <= epochs)?;
        if snapshots.iter().map(|snapshot| snapshot.epoch).ne(0..=epochs) {
            let reason = format!("has not every epoch from 0 to {epochs}, which its checkpoint has seen");
            let source = Box::new(TrainError::field("epoch", reason));
            return Err(TrainError::File { path: lines.path().to_owned(), source });
        }
        Ok(History { snapshots })
    }

    /// How training went so far.
    ///
    /// # Errors
    /// [`TrainError::Read`] or [`TrainError::File`] if it cannot be read.
    pub fn metrics(&self) -> Result<Vec<Metric>, TrainError> {
        self.metric_lines().read(|_| true)
    }

    /// The network as one of the checkpoints has it, to evaluate, pack or analyse.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint) and [`history`](Self::history).
    pub fn trained(&self, saved: Saved) -> Result<Trained, TrainError> {
        let checkpoint = self.checkpoint(saved)?;
        checkpoint.trained(self.history(&checkpoint)?)
    }

    /// Trains from where the run stands, or from the start if it has not begun, and writes it down as it
    /// goes. The network it gives is the last one, not the best.
    ///
    /// # Errors
    /// [`TrainError::Busy`] if another process trains this run, [`TrainError::File`] of a
    /// [`TrainError::Mismatch`] if what was trained here is another run, and whatever ends training.
    pub fn train<E: Examples>(
        &self,
        trainer: Trainer<'_, E>,
        saving: Saving,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let _held = match self.lock {
            Some(_) => None,
            None => Some(Lock::take(&self.folder)?),
        };
        self.sweep()?;
        self.go_on(trainer, saving, observer).map_err(|error| match error {
            TrainError::Mismatch { .. } | TrainError::Longer { .. } => {
                TrainError::File { path: self.folder.clone(), source: Box::new(error) }
            }
            error => error,
        })
    }

    fn go_on<E: Examples>(
        &self,
        trainer: Trainer<'_, E>,
        saving: Saving,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let (trainer, step) = match self.resumable(observer)? {
            Some(checkpoint) => {
                let (history, step) = (self.history(&checkpoint)?, checkpoint.step());
                self.check_metrics(&checkpoint, observer)?;
                (trainer.resume(checkpoint, history)?, step)
            }
            None => (trainer, 0),
        };
        let mut recorder = Recorder::new(self, saving, step, observer)?;
        trainer.train_with(&mut recorder)
    }

    /// Says so if metrics lack an epoch that the checkpoint has seen. No run needs them to go on.
    fn check_metrics(&self, checkpoint: &Checkpoint, observer: &mut dyn Observer) -> Result<(), TrainError> {
        let lines = self.metric_lines();
        let metrics = lines.read(|metric| metric.step() <= checkpoint.step())?;
        let epochs = metrics.iter().filter(|metric| matches!(metric, Metric::Epoch(_))).count();
        if epochs < checkpoint.epochs_done() {
            let (path, done) = (lines.path().display(), checkpoint.epochs_done());
            observer.warn(&format!(
                "{path} has {epochs} of the {done} epochs so far; going on without the others"
            ));
        }
        Ok(())
    }

    /// The newest checkpoint that is whole. The best one is as good to go on from as the latest: it only
    /// takes longer to end in the same place. It takes the place of the latest, as it may be the end.
    fn resumable(&self, observer: &mut dyn Observer) -> Result<Option<Checkpoint>, TrainError> {
        if !self.is_begun() {
            return Ok(None);
        }
        match self.checkpoint(Saved::Latest) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(error) => match self.checkpoint(Saved::Best) {
                Ok(checkpoint) => {
                    checkpoint.save(self.path(Saved::Latest))?;
                    observer.warn(&format!("{error}; going on from {}", Saved::Best.file_name()));
                    Ok(Some(checkpoint))
                }
                Err(_) => Err(error),
            },
        }
    }

    /// Removes what was being written when an earlier process was killed.
    fn sweep(&self) -> Result<(), TrainError> {
        let unreadable = |source| TrainError::Read { path: self.folder.clone(), source };
        for entry in fs::read_dir(&self.folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if is_temporary(&name) {
                fs::remove_file(entry.path())
                    .map_err(|source| TrainError::Write { path: entry.path(), source })?;
            }
        }
        Ok(())
    }

    fn history_lines(&self) -> Lines<crate::Snapshot> {
        Lines::new(self.folder.join(HISTORY))
    }

    fn metric_lines(&self) -> Lines<Metric> {
        Lines::new(self.folder.join(METRICS))
    }
}

/// Whether a file is what was being written in place of another: `.NAME.PROCESS.tmp`.
fn is_temporary(name: &str) -> bool {
    let inner = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
    let process = inner.and_then(|name| name.rsplit_once('.')).map(|(_, process)| process);
    process.is_some_and(|process| !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit()))
}

use std::{
    error::Error,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use dabnet_data::Examples;
use derive_setters::Setters;

use crate::{
    Checkpoint, TrainError, TrainedNetwork, Trainer, TrainingObserver, TrainingOutcome, WeightHistory,
};

mod lines;
mod metrics;
mod recorder;

pub use metrics::{EpochMetrics, MetricRecord, StepMetrics};

use self::{lines::JsonLines, recorder::RunRecorder};

/// File of the history of latent weights, one [`WeightSnapshot`](crate::WeightSnapshot) per line.
const HISTORY: &str = "history.jsonl";
/// File of the metrics, one [`MetricRecord`] per line.
const METRICS: &str = "metrics.jsonl";

/// Checkpoint files of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointKind {
    /// The latest checkpoint, from which the run resumes.
    Latest,
    /// The checkpoint of the epoch with the best validation.
    Best,
}

impl CheckpointKind {
    /// The name of its file.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Latest => "latest.safetensors",
            Self::Best => "best.safetensors",
        }
    }
}

/// Intervals at which checkpoints and metrics are saved, beyond the end of every epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Setters)]
#[setters(prefix = "with_")]
#[non_exhaustive]
pub struct SaveSchedule {
    /// A checkpoint whenever so much time has passed since the last.
    pub every: Duration,
    /// Steps between checkpoints, if bounded.
    pub every_steps: Option<usize>,
    /// Steps between lines of metrics.
    pub metrics_every_steps: usize,
}

impl Default for SaveSchedule {
    fn default() -> Self {
        Self { every: Duration::from_secs(600), every_steps: None, metrics_every_steps: 100 }
    }
}

/// Folder of a training run, from which training resumes after it was killed at any moment.
///
/// It holds the [checkpoints](Checkpoint) `latest.safetensors` and `best.safetensors`, and two append-only files,
/// `history.jsonl` and `metrics.jsonl`, which are truncated to the checkpoint when a run resumes.
///
/// ```
/// use dabnet_train::{Examples, RunFolder, SaveSchedule, TrainError, Trainer, TrainingObserver, TrainingOutcome};
///
/// fn train_or_resume<E: Examples>(
///     trainer: Trainer<'_, E>,
///     observer: &mut dyn TrainingObserver,
/// ) -> Result<TrainingOutcome, TrainError> {
///     RunFolder::create("runs/first")?.train(trainer, SaveSchedule::default(), observer)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RunFolder {
    folder: PathBuf,
    /// The lock, once [taken](Self::lock_exclusively).
    lock: Option<Arc<RunLock>>,
}

impl RunFolder {
    /// Opens a run in `folder`, creating it if it does not exist.
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
    /// [`TrainError::NotARun`] if it has none.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let run = Self { folder: folder.into(), lock: None };
        if run.has_checkpoint() {
            return Ok(run);
        }
        Err(TrainError::NotARun { path: run.folder, file: CheckpointKind::Latest.file_name() })
    }

    /// Locks the run against other processes until this value and its clones are dropped.
    ///
    /// # Errors
    /// [`TrainError::Busy`] if another process trains this run.
    pub fn lock_exclusively(self) -> Result<Self, TrainError> {
        let lock = Some(Arc::new(RunLock::take(&self.folder)?));
        Ok(Self { lock, ..self })
    }

    /// True if there is a checkpoint to resume from.
    pub fn has_checkpoint(&self) -> bool {
        [CheckpointKind::Latest, CheckpointKind::Best].iter().any(|saved| self.path(*saved).is_file())
    }

    /// Path of the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Path of one of its checkpoints, which may not exist.
    pub fn path(&self, saved: CheckpointKind) -> PathBuf {
        self.folder.join(saved.file_name())
    }

    /// Reads one of its checkpoints.
    ///
    /// # Errors
    /// [`TrainError::Read`] or [`TrainError::File`] if it cannot be read.
    pub fn checkpoint(&self, saved: CheckpointKind) -> Result<Checkpoint, TrainError> {
        Checkpoint::load(self.path(saved))
    }

    /// Reads the history of latent weights up to a checkpoint.
    ///
    /// # Errors
    /// [`TrainError::Read`] or [`TrainError::File`] if it cannot be read or knows less than the
    /// checkpoint.
    pub fn history(&self, checkpoint: &Checkpoint) -> Result<WeightHistory, TrainError> {
        let lines = self.history_lines();
        let epochs = checkpoint.epochs_done();
        let snapshots = lines.read(|snapshot| snapshot.epoch <= epochs)?;
        if snapshots.iter().map(|snapshot| snapshot.epoch).ne(0..=epochs) {
            let reason = format!("has not every epoch from 0 to {epochs}, which its checkpoint has seen");
            let reason = Box::new(TrainError::field("epoch", reason));
            return Err(TrainError::File { path: lines.path().to_owned(), reason });
        }
        Ok(WeightHistory { snapshots })
    }

    /// Reads the metrics so far.
    ///
    /// # Errors
    /// [`TrainError::Read`] or [`TrainError::File`] if it cannot be read.
    pub fn metrics(&self) -> Result<Vec<MetricRecord>, TrainError> {
        self.metric_lines().read(|_| true)
    }

    /// Reads the network of one of the checkpoints, to evaluate, pack or analyze.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint) and [`history`](Self::history).
    pub fn trained(&self, saved: CheckpointKind) -> Result<TrainedNetwork, TrainError> {
        let checkpoint = self.checkpoint(saved)?;
        checkpoint.trained(self.history(&checkpoint)?)
    }

    /// Trains from the latest checkpoint, or from the start if there is none, and saves the run as
    /// configured. The resulting network is the last one, not the best.
    ///
    /// # Errors
    /// [`TrainError::Busy`] if another process trains this run, [`TrainError::File`] of a
    /// [`TrainError::Mismatch`] if what was trained here is another run, and whatever ends training.
    pub fn train<E: Examples>(
        &self,
        trainer: Trainer<'_, E>,
        saving: SaveSchedule,
        observer: &mut dyn TrainingObserver,
    ) -> Result<TrainingOutcome, TrainError> {
        let _held = match self.lock {
            Some(_) => None,
            None => Some(RunLock::take(&self.folder)?),
        };
        self.remove_temporary_files()?;
        self.resume_or_start(trainer, saving, observer).map_err(|error| match error {
            TrainError::Mismatch { .. } | TrainError::Longer { .. } => {
                TrainError::File { path: self.folder.clone(), reason: Box::new(error) }
            }
            error => error,
        })
    }

    fn resume_or_start<E: Examples>(
        &self,
        trainer: Trainer<'_, E>,
        saving: SaveSchedule,
        observer: &mut dyn TrainingObserver,
    ) -> Result<TrainingOutcome, TrainError> {
        let (trainer, step) = match self.newest_checkpoint(observer)? {
            Some(checkpoint) => {
                let (history, step) = (self.history(&checkpoint)?, checkpoint.step());
                self.check_metrics(&checkpoint, observer)?;
                (trainer.resume(checkpoint, history)?, step)
            }
            None => (trainer, 0),
        };
        let mut recorder = RunRecorder::new(self, saving, step, observer)?;
        trainer.train_with(&mut recorder)
    }

    /// Warns if metrics lack an epoch that the checkpoint includes. They are not needed to resume.
    fn check_metrics(
        &self,
        checkpoint: &Checkpoint,
        observer: &mut dyn TrainingObserver,
    ) -> Result<(), TrainError> {
        let lines = self.metric_lines();
        let metrics = lines.read(|metric| metric.step() <= checkpoint.step())?;
        let epochs = metrics.iter().filter(|metric| matches!(metric, MetricRecord::Epoch(_))).count();
        if epochs < checkpoint.epochs_done() {
            let (path, done) = (lines.path().display(), checkpoint.epochs_done());
            observer.warn(&format!(
                "{path} has {epochs} of the {done} epochs so far; going on without the others"
            ));
        }
        Ok(())
    }

    /// Reads the newest valid checkpoint. If the latest is damaged, the best one replaces it: resuming from
    /// there takes longer and gives the same result.
    fn newest_checkpoint(
        &self,
        observer: &mut dyn TrainingObserver,
    ) -> Result<Option<Checkpoint>, TrainError> {
        if !self.has_checkpoint() {
            return Ok(None);
        }
        match self.checkpoint(CheckpointKind::Latest) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(error) => match self.checkpoint(CheckpointKind::Best) {
                Ok(checkpoint) => {
                    checkpoint.save(self.path(CheckpointKind::Latest))?;
                    let source = error.source().map_or_else(String::new, |source| format!(": {source}"));
                    let best = CheckpointKind::Best.file_name();
                    observer.warn(&format!("{error}{source}; going on from {best}"));
                    Ok(Some(checkpoint))
                }
                Err(_) => Err(error),
            },
        }
    }

    /// Removes what was being written when an earlier process was killed.
    fn remove_temporary_files(&self) -> Result<(), TrainError> {
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

    fn history_lines(&self) -> JsonLines<crate::WeightSnapshot> {
        JsonLines::new(self.folder.join(HISTORY))
    }

    fn metric_lines(&self) -> JsonLines<MetricRecord> {
        JsonLines::new(self.folder.join(METRICS))
    }
}

/// True for the name of a temporary file of an atomic write: `.NAME.PROCESS.tmp`.
fn is_temporary(name: &str) -> bool {
    let inner = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
    let process = inner.and_then(|name| name.rsplit_once('.')).map(|(_, process)| process);
    process.is_some_and(|process| !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Lock of a run folder, released by the operating system when the process ends.
#[derive(Debug)]
struct RunLock {
    _file: File,
}

/// Name of the file that a run makes first, and that one process at a time holds.
pub const RUN_LOCK: &str = "run.lock";

impl RunLock {
    fn take(folder: &Path) -> Result<Self, TrainError> {
        let path = folder.join(RUN_LOCK);
        let failed = |source| TrainError::Write { path: path.clone(), source };
        let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(TrainError::Busy { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

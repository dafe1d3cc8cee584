use std::time::Instant;

use super::{CheckpointKind, MetricRecord, RunFolder, SaveSchedule, lines::JsonLinesWriter};
use crate::{
    Checkpoint, EpochReport, Progress, RunControl, TrainError, TrainingObserver, WeightHistory,
    WeightSnapshot,
};

/// Observer that saves a run to its folder and forwards to another observer.
pub(super) struct RunRecorder<'a> {
    run: &'a RunFolder,
    saving: SaveSchedule,
    observer: &'a mut dyn TrainingObserver,
    history: JsonLinesWriter,
    metrics: JsonLinesWriter,
    /// Time and step of the last checkpoint.
    saved: (Instant, usize),
    /// The next checkpoint is the best.
    best: bool,
}

impl<'a> RunRecorder<'a> {
    /// Cuts back what goes beyond `step`, where the run stands.
    pub(super) fn new(
        run: &'a RunFolder,
        saving: SaveSchedule,
        step: usize,
        observer: &'a mut dyn TrainingObserver,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            metrics: run.metric_lines().cut(|metric| metric.step() <= step)?,
            // What of it stays is known when the run begins.
            history: run.history_lines().cut(|_| true)?,
            run,
            saving,
            observer,
            saved: (Instant::now(), step),
            best: false,
        })
    }

    fn is_due(&self, step: usize) -> bool {
        let (when, after) = self.saved;
        when.elapsed() >= self.saving.every
            || self.saving.every_steps.is_some_and(|steps| step - after >= steps)
    }
}

impl TrainingObserver for RunRecorder<'_> {
    fn begin(&mut self, step: usize, history: &WeightHistory) -> Result<(), TrainError> {
        let lines = self.run.history_lines();
        let known = |snapshot: &WeightSnapshot| history.snapshots.get(snapshot.epoch) == Some(snapshot);
        // A checkpoint may rely on the lines that are there: they are never written a second time.
        let kept = lines.read(known)?.len();
        self.history = lines.cut(known)?;
        history.snapshots.iter().skip(kept).try_for_each(|snapshot| self.history.push(snapshot))?;
        self.history.sync()?;
        self.observer.begin(step, history)
    }

    fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
        if progress.step.is_multiple_of(self.saving.metrics_every_steps.max(1)) {
            self.metrics.push(&MetricRecord::Step(progress.into()))?;
        }
        let due = if self.is_due(progress.step) { RunControl::Save } else { RunControl::Continue };
        Ok(self.observer.step(progress)?.max(due))
    }

    fn epoch(&mut self, report: &EpochReport<'_>) -> Result<RunControl, TrainError> {
        self.history.push(report.snapshot)?;
        self.metrics.push(&MetricRecord::Epoch(report.into()))?;
        self.best = report.best;
        Ok(self.observer.epoch(report)?.max(RunControl::Save))
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        // Lines first: a checkpoint must find all that it knows. Best before latest: a run that is killed
        // between them goes on from before this epoch, and finds the same best again.
        self.history.sync()?;
        self.metrics.sync()?;
        if std::mem::take(&mut self.best) {
            checkpoint.save(self.run.path(CheckpointKind::Best))?;
        }
        checkpoint.save(self.run.path(CheckpointKind::Latest))?;
        self.saved = (Instant::now(), checkpoint.step());
        self.observer.checkpoint(checkpoint)
    }
}

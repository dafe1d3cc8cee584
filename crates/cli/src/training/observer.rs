use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use dabnet_container::replace_file;
use dabnet_train::{
    Checkpoint, EpochReport, EventWriter, Histogram, Progress, RunControl, TrainError, TrainingObserver,
    WeightHistory,
};

use crate::{error::CliError, progress::TrainingProgress, terminal};

/// Name of the folder of a run's TensorBoard files.
const EVENTS: &str = "tensorboard";
/// Upper bound of steps from one point of TensorBoard's curves to the next, and least number of points.
const EVERY: usize = 20;
const POINTS: usize = 100;

/// Flag that Ctrl-C sets.
#[derive(Clone, Debug)]
pub(crate) struct InterruptFlag(Arc<AtomicBool>);

impl InterruptFlag {
    /// Exit code of an interrupted process.
    pub(crate) const EXIT_CODE: u8 = 130;

    /// Starts to listen for Ctrl-C; a process can do so once.
    pub(crate) fn listen() -> Result<Self, CliError> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = interrupted.clone();
        let handler = move || {
            // Whoever asks twice does not want to wait for the step.
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(Self::EXIT_CODE.into());
            }
        };
        ctrlc::set_handler(handler)
            .map_err(|error| CliError::Failure(format!("cannot listen for Ctrl-C: {error}")))?;
        Ok(Self(interrupted))
    }

    /// True if Ctrl-C was pressed.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// TrainingObserver of a run: shows progress, writes TensorBoard files, and stops on Ctrl-C.
pub(crate) struct RunObserver {
    progress: TrainingProgress,
    /// Folder of the TensorBoard files, and the open one from the first step on.
    folder: PathBuf,
    events: Option<EventWriter>,
    interrupt: InterruptFlag,
    /// Message before the first step.
    begins: String,
    /// Paths and contents of files to write then.
    files: Vec<(PathBuf, String)>,
    /// Last step of the checkpoint that the run goes on from, until that is said.
    resumed_after: Option<usize>,
    /// Training accuracy that was shown last.
    accuracy: Option<f32>,
}

impl RunObserver {
    /// TrainingObserver of a run in `folder` that begins or goes on.
    pub(crate) fn new(
        (name, more): (&str, usize),
        folder: &Path,
        begins: String,
        files: Vec<(PathBuf, String)>,
        interrupt: InterruptFlag,
    ) -> Self {
        Self {
            progress: TrainingProgress::new(name, more),
            folder: folder.join(EVENTS),
            events: None,
            interrupt,
            begins,
            files,
            resumed_after: None,
            accuracy: None,
        }
    }

    /// Training accuracy that was shown last; none if no step was taken.
    pub(crate) fn accuracy(&self) -> Option<f32> {
        self.accuracy
    }

    fn write(&mut self, write: impl FnOnce(&mut EventWriter) -> io::Result<()>) -> Result<(), TrainError> {
        let Some(events) = &mut self.events else { return Ok(()) };
        // What a checkpoint has seen must outlive a killed process, and a checkpoint may come at any step.
        let written = write(events).and_then(|()| events.flush());
        written.map_err(|source| TrainError::Write { path: self.folder.clone(), source })
    }
}

fn write_step(events: &mut EventWriter, progress: &Progress) -> io::Result<()> {
    let step = progress.step as u64;
    events.scalar("train/loss", step, progress.loss)?;
    events.scalar("train/accuracy", step, progress.accuracy)?;
    events.scalar("train/learning_rate", step, progress.learning_rate)?;
    events.scalar("train/sketches_per_second", step, progress.examples_per_second() as f32)
}

fn write_epoch(events: &mut EventWriter, report: &EpochReport<'_>) -> io::Result<()> {
    let step = report.progress.step as u64;
    if let Some(validation) = &report.validation {
        events.scalar("validation/top1", step, validation.top1 as f32)?;
        events.scalar("validation/top5", step, validation.top5 as f32)?;
        events.scalar("validation/loss", step, validation.loss as f32)?;
    }
    for layer in &report.layers {
        events.scalar(&format!("flipped/{}", layer.layer), step, layer.flipped)?;
        events.scalar(&format!("upper_share/{}", layer.layer), step, layer.upper_share)?;
    }
    for layer in &report.snapshot.layers {
        let weights = Histogram::from_counts(layer.least, layer.greatest, &layer.histogram);
        events.histogram(&format!("weights/{}", layer.layer), step, &weights)?;
        events.histogram(&format!("alpha/{}", layer.layer), step, &Histogram::of(&layer.alpha))?;
        events.histogram(&format!("beta/{}", layer.layer), step, &Histogram::of(&layer.beta))?;
    }
    Ok(())
}

impl TrainingObserver for RunObserver {
    fn begin(&mut self, step: usize, _: &WeightHistory) -> Result<(), TrainError> {
        for (path, text) in &self.files {
            replace_file(path, text.as_bytes())
                .map_err(|source| TrainError::Write { path: path.clone(), source })?;
        }
        let events = EventWriter::create(&self.folder, (step > 0).then_some(step as u64 + 1));
        self.events = Some(events.map_err(|source| TrainError::Write { path: self.folder.clone(), source })?);
        terminal::say(&self.begins);
        self.resumed_after = (step > 0).then_some(step);
        Ok(())
    }

    fn warn(&mut self, message: &str) {
        terminal::say(format_args!("dabnet: {message}"));
    }

    fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
        // A run that was at its end takes none.
        if let Some(step) = self.resumed_after.take() {
            terminal::say(format_args!("going on after step {step}"));
        }
        self.progress.observe(progress);
        self.accuracy = Some(progress.accuracy);
        if progress.step.is_multiple_of((progress.steps / POINTS).clamp(1, EVERY)) {
            self.write(|events| write_step(events, progress))?;
        }
        Ok(if self.interrupt.is_set() { RunControl::Stop } else { RunControl::Continue })
    }

    fn epoch(&mut self, report: &EpochReport<'_>) -> Result<RunControl, TrainError> {
        self.write(|events| write_epoch(events, report))?;
        Ok(RunControl::Continue)
    }

    fn checkpoint(&mut self, _: &Checkpoint) -> Result<(), TrainError> {
        if self.interrupt.is_set() {
            terminal::say("dabnet: stopped; the same command goes on from here");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::*;

    #[test]
    fn points_are_in_the_file_before_the_checkpoint_of_their_step() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("settings");
        let files = vec![(settings.clone(), "text".to_owned())];
        let mut watch = RunObserver::new(
            ("train", 0),
            folder.path(),
            String::new(),
            files,
            InterruptFlag::listen().unwrap(),
        );
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
        watch.begin(0, &WeightHistory::default()).unwrap();
        assert_eq!(fs::read_to_string(settings).unwrap(), "text");
        let events = fs::read_dir(folder.path().join(EVENTS)).unwrap().next().unwrap().unwrap().path();
        let before = events.metadata().unwrap().len();
        let progress = Progress {
            epoch: 1,
            epochs: 1,
            step: EVERY,
            steps: 2 * EVERY,
            loss: 1.0,
            accuracy: 0.5,
            learning_rate: 0.1,
            validation: None,
            examples: EVERY,
            elapsed: Duration::from_secs(1),
        };
        watch.step(&progress).unwrap();
        assert!(events.metadata().unwrap().len() > before);
    }
}

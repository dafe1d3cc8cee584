use std::path::Path;

use dabnet_train::{
    Checkpoint, Control, EpochReport, Events, Histogram, History, Observer, Progress, TrainError,
};

use super::Interrupt;
use crate::{error::CliError, progress::TrainingProgress, terminal};

/// Folder of a run's TensorBoard files.
const EVENTS: &str = "tensorboard";
/// Steps from one point of TensorBoard's curves to the next.
const EVERY: usize = 20;

/// Shows a run, writes what TensorBoard reads, and ends it where someone asks for that.
pub(crate) struct Watch {
    progress: TrainingProgress,
    events: Events,
    interrupt: Interrupt,
    /// What is said before the first step, when it is known to be this run that goes on.
    begins: Vec<String>,
}

impl Watch {
    /// Of a run in `folder` that begins or goes on at `step`.
    pub(crate) fn new(
        folder: &Path,
        step: usize,
        begins: Vec<String>,
        interrupt: Interrupt,
    ) -> Result<Self, CliError> {
        let path = folder.join(EVENTS);
        let events = Events::create(&path, (step > 0).then_some(step as u64 + 1));
        Ok(Self {
            progress: TrainingProgress::new("train"),
            events: events.map_err(|error| CliError::write(&path, &error))?,
            interrupt,
            begins,
        })
    }

    fn write_step(&mut self, progress: &Progress) -> std::io::Result<()> {
        let step = progress.step as u64;
        self.events.scalar("train/loss", step, progress.loss)?;
        self.events.scalar("train/accuracy", step, progress.accuracy)?;
        self.events.scalar("train/learning_rate", step, progress.learning_rate)?;
        self.events.scalar("train/sketches_per_second", step, progress.examples_per_second() as f32)
    }

    fn write_epoch(&mut self, report: &EpochReport<'_>) -> std::io::Result<()> {
        let step = report.progress.step as u64;
        if let Some(validation) = &report.validation {
            self.events.scalar("validation/top1", step, validation.top1 as f32)?;
            self.events.scalar("validation/top5", step, validation.top5 as f32)?;
            self.events.scalar("validation/loss", step, validation.loss as f32)?;
        }
        for layer in &report.layers {
            self.events.scalar(&format!("flipped/{}", layer.layer), step, layer.flipped)?;
            self.events.scalar(&format!("upper_share/{}", layer.layer), step, layer.upper_share)?;
        }
        for layer in &report.snapshot.layers {
            let weights = Histogram::from_counts(layer.least, layer.greatest, &layer.histogram);
            self.events.histogram(&format!("weights/{}", layer.layer), step, &weights)?;
            self.events.histogram(&format!("alpha/{}", layer.layer), step, &Histogram::of(&layer.alpha))?;
            self.events.histogram(&format!("beta/{}", layer.layer), step, &Histogram::of(&layer.beta))?;
        }
        self.events.flush()
    }
}

impl Observer for Watch {
    fn begin(&mut self, _: &History) -> Result<(), TrainError> {
        self.begins.iter().for_each(terminal::say);
        Ok(())
    }

    fn step(&mut self, progress: &Progress) -> Result<Control, TrainError> {
        self.progress.observe(progress);
        if progress.step.is_multiple_of(EVERY) {
            self.write_step(progress).map_err(unwritten)?;
        }
        Ok(if self.interrupt.is_set() { Control::Stop } else { Control::Continue })
    }

    fn epoch(&mut self, report: &EpochReport<'_>) -> Result<Control, TrainError> {
        self.write_epoch(report).map_err(unwritten)?;
        Ok(Control::Continue)
    }

    fn checkpoint(&mut self, _: &Checkpoint) -> Result<(), TrainError> {
        if self.interrupt.is_set() {
            terminal::say("dabnet: stopped; the same command goes on from here");
        }
        Ok(())
    }
}

fn unwritten(source: std::io::Error) -> TrainError {
    TrainError::Write { path: EVENTS.into(), source }
}

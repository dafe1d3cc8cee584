use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use dabnet_data::ImportProgress;
use dabnet_report::format::duration;
use dabnet_train::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal;

const TEMPLATE: &str = "{prefix:<16} {bar:24.cyan/dim} {msg}";
const IMPORT: &str = "{prefix:<16} {bar:24.cyan/dim} {percent:>3} %  {msg}, {eta} left";
const BYTES: &str = "{prefix:<16} {bar:24.cyan/dim} {bytes} of {total_bytes}, {eta} left";

/// Progress of training: a bar on a terminal, a line per epoch elsewhere. Both go to standard
/// error, so that standard output holds results alone.
#[derive(Debug)]
pub(crate) struct TrainingProgress {
    name: String,
    bar: Option<ProgressBar>,
    /// Number of runs of about the same length that follow.
    more: u32,
}

impl TrainingProgress {
    /// Progress of a run that `more` of the same length follow; the time left is that of all.
    pub(crate) fn new(name: &str, more: usize) -> Self {
        let bar = terminal::is_interactive().then(|| {
            let style =
                ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style.progress_chars("━━╌")).with_prefix(name.to_owned())
        });
        Self { name: name.to_owned(), bar, more: more as u32 }
    }

    pub(crate) fn observe(&self, progress: &Progress) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.steps as u64);
                bar.set_position(progress.step as u64);
                bar.set_message(line(progress, self.more));
                if progress.step == progress.steps {
                    bar.finish();
                }
            }
            None if progress.ends_epoch() => {
                terminal::say(format_args!("{:<16} {}", self.name, line(progress, self.more)))
            }
            None => {}
        }
    }
}

fn line(progress: &Progress, more: u32) -> String {
    let left = match progress.time_left() {
        Duration::ZERO => format!("took {}", duration(progress.elapsed)),
        left => format!("{} left", duration(left + more * (left + progress.elapsed))),
    };
    format!(
        "epoch {:>2}/{}  loss {:.3}  accuracy {:>4.1} %  {:>4.0} sketches/s  {left}",
        progress.epoch,
        progress.epochs,
        progress.loss,
        100.0 * progress.accuracy,
        progress.examples_per_second(),
    )
}

/// Progress through a file, on a terminal only.
#[derive(Debug)]
pub(crate) struct ByteProgress(Option<ProgressBar>);

impl ByteProgress {
    pub(crate) fn new(name: &'static str, total: u64) -> Self {
        Self(terminal::is_interactive().then(|| {
            let style = ProgressStyle::with_template(BYTES).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total).with_style(style.progress_chars("━━╌")).with_prefix(name)
        }))
    }

    pub(crate) fn at(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Progress of an import: a bar on a terminal, a line now and then elsewhere.
#[derive(Debug)]
pub(crate) struct ImportProgressBar {
    bar: Option<ProgressBar>,
    started: Instant,
    /// Number of lines shown so far, without a bar.
    lines: Cell<u32>,
}

/// Time to the first line without a bar; it doubles with each line.
const FIRST_LINE: Duration = Duration::from_secs(10);

impl ImportProgressBar {
    pub(crate) fn new() -> Self {
        let bar = terminal::is_interactive().then(|| {
            let style = ProgressStyle::with_template(IMPORT).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style.progress_chars("━━╌")).with_prefix("import")
        });
        Self { bar, started: Instant::now(), lines: Cell::new(0) }
    }

    pub(crate) fn at(&self, progress: &ImportProgress) {
        let ImportProgress { bytes, total_bytes, sketches, skipped } = *progress;
        let broken = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        match &self.bar {
            Some(bar) => {
                bar.set_length(total_bytes);
                bar.set_position(bytes);
                bar.set_message(format!("{sketches} sketches{broken}"));
            }
            None if self.started.elapsed() > FIRST_LINE * 2_u32.saturating_pow(self.lines.get()) => {
                self.lines.set(self.lines.get() + 1);
                let share = 100.0 * bytes as f64 / total_bytes.max(1) as f64;
                terminal::say(format_args!("import           {share:.0} %  {sketches} sketches{broken}"));
            }
            None => {}
        }
    }

    /// Says something while the bar is out of the way.
    pub(crate) fn aside(&self, say: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

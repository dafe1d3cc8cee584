use std::time::Duration;

use dabnet_train::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal;

const TEMPLATE: &str = "{prefix:<16} {bar:24.cyan/dim} {msg}";
const BYTES: &str = "{prefix:<16} {bar:24.cyan/dim} {bytes} of {total_bytes}, {eta} left";

/// Shows training as it goes: a bar on a terminal, a line an epoch elsewhere. Both go to standard
/// error, so that standard output holds results alone.
#[derive(Debug)]
pub(crate) struct TrainingProgress {
    name: String,
    bar: Option<ProgressBar>,
}

impl TrainingProgress {
    pub(crate) fn new(name: &str) -> Self {
        let bar = terminal::is_interactive().then(|| {
            let style =
                ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style.progress_chars("━━╌")).with_prefix(name.to_owned())
        });
        Self { name: name.to_owned(), bar }
    }

    pub(crate) fn observe(&self, progress: &Progress) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.steps as u64);
                bar.set_position(progress.step as u64);
                bar.set_message(line(progress));
                if progress.step == progress.steps {
                    bar.finish();
                }
            }
            None if progress.ends_epoch() => {
                terminal::say(format_args!("{:<16} {}", self.name, line(progress)))
            }
            None => {}
        }
    }
}

fn line(progress: &Progress) -> String {
    let left = match progress.time_left() {
        Duration::ZERO => format!("took {}", duration(progress.elapsed)),
        left => format!("{} left", duration(left)),
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

/// Shows how much of a file is done, on a terminal only.
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

/// Minutes and seconds.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes => format!("{minutes} min {:02} s", seconds % 60),
    }
}

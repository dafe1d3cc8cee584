use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use dabnet_data::Dataset;
use dabnet_report::format::duration;
use dabnet_train::RUN_LOCK;

use crate::{
    data::{self, LoadedData},
    error::{CliError, ExitCode},
    evaluation::accuracy_text,
    output, terminal,
    training::{
        CONFIG, InterruptFlag, MODEL, MachineArgs, RunResults, SettingsArgs, SettingsLayers, TrainingJob,
    },
};

/// Train a network on a data set, in a folder that a run is kept in.
///
/// A run can be stopped or killed at any moment: the same command goes on where it was, to end with the same
/// weights. Settings that are not given are those that the run was begun with. At the end the folder has the
/// packed model, and what it makes of the sketches held out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet train --data quickdraw-20 --out runs/dab      the sketches in the program
  dabnet train --out runs/dab                          go on with it
  dabnet train --data tu-berlin --arch sketch-a-net --policy full --out full
  dabnet train --data tu-berlin --preset paper --scheme sign --out runs/xnor
  dabnet train --data quickdraw --policy hybrid:auto --start-from runs/full \\
      --out runs/hybrid
  dabnet train --data quickdraw --teacher runs/full --unlabeled other \\
      --out runs/taught
  dabnet train --data tu-berlin --start-from quickdraw-345 --out runs/tuned")]
pub(crate) struct TrainArgs {
    /// Folder of the run
    #[arg(short, long, value_name = "RUN")]
    out: PathBuf,

    /// File of settings, such as another run's config.toml; options override it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    settings: SettingsArgs<true>,

    #[command(flatten)]
    machine: MachineArgs,

    /// Print the results of the run as one JSON object
    #[arg(long)]
    json: bool,
}

impl TrainArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        check_folder(&self.out)?;
        let layers = SettingsLayers::new(Some(&self.out), self.config.as_deref(), self.settings.0)?;
        let mut settings = self.machine.apply(layers.resolve()?)?;
        let data = LoadedData::open(&settings.data)?;
        check_labels(&data.set, &settings.data)?;
        data::tell_of_gaps(&data.set, &data.set.parts()?)?;
        let sketches = settings.train_count(&data.set)?;
        layers.fit_length(&mut settings, sketches)?;
        let job = TrainingJob::new(self.out.clone(), settings, self.machine.saving());
        let Some(results) = job.run(&data, &InterruptFlag::listen()?)? else {
            return Ok(ExitCode::from(InterruptFlag::EXIT_CODE));
        };
        if self.json {
            output::print_json(&results)?;
        } else {
            print(&results, &self.out.join(MODEL), data.set.labels().len())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Checks that there are two labels or more.
fn check_labels(set: &Dataset, path: &Path) -> Result<(), CliError> {
    let reason = match set.labels() {
        [] => data::NO_WORDS.to_owned(),
        [only] => format!("all of its sketches are of one class, '{only}': there is nothing to tell apart"),
        _ => return Ok(()),
    };
    Err(CliError::Input(format!("{}: {reason}", path.display())))
}

/// Checks that a folder is empty, or a run's.
fn check_folder(out: &Path) -> Result<(), CliError> {
    output::check_folder(out)?;
    let Ok(mut entries) = out.read_dir() else { return Ok(()) };
    let is_run = [CONFIG, RUN_LOCK, "first-stage"].iter().any(|name| out.join(name).exists());
    if is_run || entries.next().is_none() {
        return Ok(());
    }
    let reason = "has something else in it: give a new folder for the run";
    Err(CliError::Input(format!("{} {reason}", out.display())))
}

fn print(results: &RunResults, path: &Path, labels: usize) -> io::Result<()> {
    let time = duration(Duration::from_secs_f64(results.seconds));
    terminal::say(format_args!("trained {time}; {} is {} bytes", path.display(), results.file_bytes));
    if let Some(test) = &results.test {
        let accuracy = accuracy_text(test.top1, test.top5, labels);
        writeln!(io::stdout(), "{accuracy} of {} sketches (part {})", test.count, test.part)?;
    } else {
        let data = &results.data;
        let split = data::split_advice(Path::new(data));
        terminal::say(format_args!(
            "dabnet: {data} has nothing to test on: {split}, and training anew, would say how good this is"
        ));
    }
    Ok(())
}

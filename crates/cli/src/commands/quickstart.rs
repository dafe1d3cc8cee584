use std::{num::NonZeroUsize, path::PathBuf, thread::available_parallelism};

use clap::Args;

use crate::{
    error::{CliError, ExitCode},
    quickstart::{self, QuickstartOptions},
};

/// Train, pack, compare and recognize on bundled real sketches.
///
/// Trains the same small network in full precision, as XNOR-Net and as DAB-Net on 20 words of
/// Quick, Draw!, evaluates the packed models on sketches held out, and writes the models and a
/// report to look at. Needs no network and no other file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet quickstart
  dabnet quickstart --seed 1 --out runs/seed-1
  dabnet quickstart --fast --json")]
pub(crate) struct QuickstartArgs {
    /// Folder to write the models and report.html to
    #[arg(short, long, default_value = "quickstart", value_name = "DIR")]
    out: PathBuf,

    /// Seed of all randomness
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,

    /// Epochs: passes over the training sketches [default: 13, or 5 with --fast]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    epochs: Option<u16>,

    /// Train on a third of the sketches for few epochs: a try-out of under a minute
    #[arg(long)]
    fast: bool,

    /// Number of threads [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,

    /// Begin anew, whatever another quickstart has left in the folder
    #[arg(long)]
    force: bool,

    /// Print the results as one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl QuickstartArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let threads = self.threads.map_or_else(available, usize::from);
        let epochs = self.epochs.map(usize::from);
        let Self { out, seed, fast, json, force, .. } = self;
        let settings = QuickstartOptions { out, seed, epochs, fast, threads, json, force };
        quickstart::run(&settings)
    }
}

/// Number of threads that the machine runs at once.
fn available() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

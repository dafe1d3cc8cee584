use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use dabnet_train::{CheckpointKind, RunFolder};
use serde_json::json;
use toml::Table;

use crate::{data::Data, error::CliError, hybrid, json, training::Settings};

/// Say which layers of a network had better keep real inputs.
///
/// Of every layer that can have binary inputs: what a sign loses of them, in the network of a run and on its
/// training sketches, and what keeping them real costs. `dabnet train --policy hybrid:auto` decides in the same
/// way.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet hybrid runs/full
  dabnet hybrid runs/full --keep-real 2 --json")]
pub(crate) struct Hybrid {
    /// Folder of the run, best one in full precision
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// A data set, or anything that can be imported [default: what the run was trained on]
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,

    /// How many layers keep real inputs [default: those that stand out]
    #[arg(long, value_name = "N")]
    keep_real: Option<u16>,

    /// Threads; 0 for one a core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=512))]
    threads: u16,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl Hybrid {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let trained = RunFolder::open(&self.run)?.trained(CheckpointKind::Latest)?;
        let mut settings = Settings::resolve(&self.run, None, Table::new())?;
        settings.data = self.data.unwrap_or(settings.data);
        settings.train.threads = self.threads.into();
        let data = Data::open(&settings.data)?;
        let layers = hybrid::measured(&settings, &data, &trained, self.keep_real.map(usize::from))?;
        let policy = hybrid::policy(&layers);
        if self.json {
            let run = self.run.display().to_string();
            json::print_line(&json!({ "run": run, "policy": policy, "layers": layers }))?;
        } else {
            writeln!(io::stdout(), "{}\n--policy {policy}", hybrid::table(&layers))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

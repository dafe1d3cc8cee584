use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use dabnet_train::{CheckpointKind, RunFolder};
use serde_json::json;
use toml::Table;

use crate::{
    data::LoadedData,
    error::{CliError, ExitCode},
    hybrid, output,
    training::RunSettings,
};

/// Find the layers of a network that had better keep real inputs.
///
/// Measures, for every layer that can have binary inputs, the error of their signs, in the network of a run and on
/// its training sketches, and the cost of keeping them real. `dabnet train --policy hybrid:auto` decides in the same
/// way.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet hybrid runs/full
  dabnet hybrid runs/full --keep-real 2 --json")]
pub(crate) struct HybridArgs {
    /// Folder of the run, best one in full precision
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Data set, or anything that can be imported [default: that of the run]
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,

    /// Number of layers that keep real inputs [default: those that stand out]
    #[arg(long, value_name = "N")]
    keep_real: Option<u16>,

    /// Number of threads; 0 for one per core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=512))]
    threads: u16,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl HybridArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let trained = RunFolder::open(&self.run)?.trained(CheckpointKind::Latest)?;
        let mut settings = RunSettings::resolve(&self.run, None, Table::new())?;
        settings.data = self.data.unwrap_or(settings.data);
        settings.train.threads = self.threads.into();
        let data = LoadedData::open(&settings.data)?;
        let layers = hybrid::measure_layers(&settings, &data, &trained, self.keep_real.map(usize::from))?;
        let policy = hybrid::policy(&layers);
        if self.json {
            let run = self.run.display().to_string();
            output::print_json(&json!({ "run": run, "policy": policy, "layers": layers }))?;
        } else {
            writeln!(io::stdout(), "{}\n--policy {policy}", hybrid::table(&layers))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

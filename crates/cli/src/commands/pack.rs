use std::path::PathBuf;

use clap::Args;
use dabnet_train::{CheckpointKind, RunFolder};
use toml::Table;

use crate::{
    error::{CliError, ExitCode},
    output::ReplaceArgs,
    terminal,
    training::{RunSettings, pack_run},
};

/// Pack the network of a run: bits and two values per filter, batch normalization folded away.
///
/// `dabnet train` does so at the end of a run; this is for one that is not at its end, or for the weights with
/// the best validation accuracy.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet pack runs/dab -o model.safetensors
  dabnet pack runs/dab --best -o best.safetensors")]
pub(crate) struct PackArgs {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Model file to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    replace: ReplaceArgs,

    /// Pack the weights of the epoch with the best validation accuracy, not the last ones
    #[arg(long)]
    best: bool,
}

impl PackArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let saved = if self.best { CheckpointKind::Best } else { CheckpointKind::Latest };
        self.replace.check(&self.out, "-o")?;
        let run = RunFolder::open(&self.run)?;
        let checkpoint = run.checkpoint(saved)?;
        let settings = RunSettings::resolve(&self.run, None, Table::new())?;
        let trained = run.trained(saved)?;
        pack_run(&settings, &trained, checkpoint.labels().to_vec(), None)?.save(&self.out)?;
        terminal::say(format_args!(
            "packed {} after epoch {} to {}",
            self.run.display(),
            checkpoint.epochs_done(),
            self.out.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}

use std::path::{Path, PathBuf};

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
        let checkpoint_path = |kind: CheckpointKind| self.run.join(kind.file_name());
        let kinds = [CheckpointKind::Latest, CheckpointKind::Best];
        if kinds.into_iter().any(|kind| is_same(&self.out, &checkpoint_path(kind))) {
            let reason = "is a checkpoint of the run: give -o another name";
            return Err(CliError::Input(format!("{} {reason}", self.out.display())));
        }
        if self.best && !checkpoint_path(CheckpointKind::Best).exists() {
            let reason =
                "had nothing to validate with, so that no epoch is known to be the best: leave --best out";
            return Err(CliError::Input(format!("{} {reason}", self.run.display())));
        }
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

/// True if two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

//! The subcommands, one file each.

mod analyze;
mod binarize;
mod quickstart;
mod recognize;

use std::process::ExitCode;

use clap::Subcommand;

use crate::error::CliError;

/// What `dabnet` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Analyze(analyze::Analyze),
    Binarize(binarize::Binarize),
    Quickstart(quickstart::Quickstart),
    Recognize(recognize::Recognize),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        match self {
            Self::Analyze(command) => command.run(),
            Self::Binarize(command) => command.run(),
            Self::Quickstart(command) => command.run(),
            Self::Recognize(command) => command.run(),
        }
    }
}

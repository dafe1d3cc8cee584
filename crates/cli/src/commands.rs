//! The subcommands, one file each.

mod binarize;
mod quickstart;
mod recognize;
mod summary;

use std::process::ExitCode;

use clap::Subcommand;

use crate::error::CliError;

/// What `dabnet` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Binarize(binarize::Binarize),
    Quickstart(quickstart::Quickstart),
    Recognize(recognize::Recognize),
    Summary(summary::Summary),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        match self {
            Self::Binarize(command) => command.run(),
            Self::Quickstart(command) => command.run(),
            Self::Recognize(command) => command.run(),
            Self::Summary(command) => command.run(),
        }
    }
}

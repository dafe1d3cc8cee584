//! `dabnet data`: data sets of sketches.

mod import;
mod inspect;
mod render;
mod split;

pub(super) use import::PartArg;

use clap::{Args, Subcommand};

use crate::error::{CliError, ExitCode};

/// Import, inspect, split and render data sets of sketches.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    Import(import::DataImportArgs),
    Inspect(inspect::InspectArgs),
    Split(split::SplitArgs),
    Render(render::RenderArgs),
}

impl DataArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        match self.command {
            DataCommand::Import(command) => command.run(),
            DataCommand::Inspect(command) => command.run(),
            DataCommand::Split(command) => command.run(),
            DataCommand::Render(command) => command.run(),
        }
    }
}

//! `dabnet data`: what there is to learn from.

mod import;
mod inspect;
mod render;
mod split;

pub(super) use import::PartArg;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::error::CliError;

/// Import, inspect, split and render data sets of sketches.
#[derive(Debug, Args)]
pub(crate) struct Data {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    Import(import::ImportArgs),
    Inspect(inspect::Inspect),
    Split(split::SplitArgs),
    Render(render::Render),
}

impl Data {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        match self.command {
            DataCommand::Import(command) => command.run(),
            DataCommand::Inspect(command) => command.run(),
            DataCommand::Split(command) => command.run(),
            DataCommand::Render(command) => command.run(),
        }
    }
}

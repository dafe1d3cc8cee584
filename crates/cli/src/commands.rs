//! The subcommands, one file each.

mod analyze;
mod bench;
mod binarize;
mod compare;
mod data;
mod eval;
mod hybrid;
mod import;
mod network;
mod pack;
mod page;
mod quickstart;
mod recognize;
mod serve;
mod summary;
mod train;

use std::process::ExitCode;

use clap::Subcommand;

use crate::error::CliError;

/// What `dabnet` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Analyze(analyze::AnalyzeArgs),
    Bench(bench::Bench),
    Binarize(binarize::Binarize),
    Compare(Box<compare::CompareArgs>),
    Data(data::Data),
    Eval(eval::Eval),
    Hybrid(hybrid::HybridArgs),
    Import(import::ImportArgs),
    Pack(pack::PackArgs),
    Page(page::Page),
    Quickstart(quickstart::Quickstart),
    Recognize(recognize::Recognize),
    Serve(Box<serve::Serve>),
    Summary(summary::Summary),
    Train(Box<train::TrainArgs>),
}

impl Command {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        match self {
            Self::Analyze(command) => command.run(),
            Self::Bench(command) => command.run(),
            Self::Binarize(command) => command.run(),
            Self::Compare(command) => command.run(),
            Self::Data(command) => command.run(),
            Self::Eval(command) => command.run(),
            Self::Hybrid(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Pack(command) => command.run(),
            Self::Page(command) => command.run(),
            Self::Quickstart(command) => command.run(),
            Self::Recognize(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Summary(command) => command.run(),
            Self::Train(command) => command.run(),
        }
    }
}

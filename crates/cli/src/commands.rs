//! The subcommands, one file each.

mod analyze;
mod bench;
mod binarize;
mod compare;
mod data;
mod eval;
mod export;
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

use clap::Subcommand;

use crate::error::{CliError, ExitCode};

/// Subcommands of `dabnet`.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    Analyze(analyze::AnalyzeArgs),
    Bench(bench::BenchArgs),
    Binarize(binarize::BinarizeArgs),
    Compare(Box<compare::CompareArgs>),
    Data(data::DataArgs),
    Eval(eval::EvalArgs),
    Export(export::ExportArgs),
    Hybrid(hybrid::HybridArgs),
    Import(import::ImportArgs),
    Pack(pack::PackArgs),
    Page(page::PageArgs),
    Quickstart(quickstart::QuickstartArgs),
    Recognize(recognize::RecognizeArgs),
    Serve(Box<serve::ServeArgs>),
    Summary(summary::SummaryArgs),
    Train(Box<train::TrainArgs>),
}

impl CliCommand {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        match self {
            Self::Analyze(command) => command.run(),
            Self::Bench(command) => command.run(),
            Self::Binarize(command) => command.run(),
            Self::Compare(command) => command.run(),
            Self::Data(command) => command.run(),
            Self::Eval(command) => command.run(),
            Self::Export(command) => command.run(),
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

//! The subcommands, one file each.

mod analyze;
mod bench;
mod binarize;
mod calibrate;
mod compare;
mod data;
mod eval;
mod export;
mod find;
mod hybrid;
mod import;
mod index;
mod network;
mod pack;
mod page;
mod quickstart;
mod recognize;
mod serve;
mod summary;
mod teach;
mod train;

use clap::Subcommand;

use crate::error::{CliError, ExitCode};

/// Subcommands of `dabnet`.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    Analyze(analyze::AnalyzeArgs),
    Bench(bench::BenchArgs),
    Binarize(binarize::BinarizeArgs),
    Calibrate(calibrate::CalibrateArgs),
    Compare(Box<compare::CompareArgs>),
    Data(data::DataArgs),
    Eval(eval::EvalArgs),
    Export(export::ExportArgs),
    Find(find::FindArgs),
    Hybrid(hybrid::HybridArgs),
    Import(import::ImportArgs),
    Index(index::IndexArgs),
    Pack(pack::PackArgs),
    Page(page::PageArgs),
    Quickstart(quickstart::QuickstartArgs),
    Recognize(recognize::RecognizeArgs),
    Serve(Box<serve::ServeArgs>),
    Summary(summary::SummaryArgs),
    Teach(teach::TeachArgs),
    Train(Box<train::TrainArgs>),
}

impl CliCommand {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        match self {
            Self::Analyze(command) => command.run(),
            Self::Bench(command) => command.run(),
            Self::Binarize(command) => command.run(),
            Self::Calibrate(command) => command.run(),
            Self::Compare(command) => command.run(),
            Self::Data(command) => command.run(),
            Self::Eval(command) => command.run(),
            Self::Export(command) => command.run(),
            Self::Find(command) => command.run(),
            Self::Hybrid(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Index(command) => command.run(),
            Self::Pack(command) => command.run(),
            Self::Page(command) => command.run(),
            Self::Quickstart(command) => command.run(),
            Self::Recognize(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Summary(command) => command.run(),
            Self::Teach(command) => command.run(),
            Self::Train(command) => command.run(),
        }
    }
}

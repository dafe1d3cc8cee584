//! `dabnet`: one-bit neural networks for freehand sketches, on the command line.
#![forbid(unsafe_code)]

mod bench;
mod commands;
mod comparison;
mod data;
mod energy;
mod error;
mod evaluation;
mod hybrid;
mod models;
mod output;
mod progress;
mod quickstart;
mod terminal;
mod training;

use std::process::ExitCode;

use clap::{Parser, error::ErrorKind};

use crate::{commands::CliCommand, error::CliError};

/// One-bit neural networks for freehand sketches: train them, pack them, recognize with them.
#[derive(Debug, Parser)]
#[command(name = "dabnet", version, about, max_term_width = 100)]
struct CliArgs {
    #[command(subcommand)]
    command: CliCommand,
}

fn main() -> ExitCode {
    let parsed = CliArgs::try_parse().map_err(|error| match error.kind() {
        ErrorKind::ValueValidation => CliError::value(&error),
        _ => error.exit(),
    });
    match parsed.and_then(|args| args.command.run()) {
        Ok(code) => code,
        Err(CliError::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::say(format_args!("dabnet: {error}"));
            error.exit_code()
        }
    }
}

//! The command line of dabnet, one-bit neural networks for freehand sketches, as a function: what the program `dabnet`
//! runs, and Python's package.
#![forbid(unsafe_code)]

mod bench;
mod commands;
mod comparison;
mod data;
mod embedding;
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

use std::ffi::OsString;

use clap::{Command, CommandFactory, FromArgMatches, Parser, error::ErrorKind};

use crate::{commands::CliCommand, error::CliError};

pub use crate::error::ExitCode;

/// One-bit neural networks for freehand sketches: train them, pack them, recognize with them.
#[derive(Debug, Parser)]
#[command(name = "dabnet", version, about, max_term_width = 100)]
struct CliArgs {
    #[command(subcommand)]
    command: CliCommand,
}

/// The command, in which `-1` is a value wherever an option takes one, so that it is refused as one.
fn with_negative_numbers(command: Command) -> Command {
    let of_option = |arg: clap::Arg| {
        let takes_value = arg.get_long().is_some() && arg.get_action().takes_values();
        arg.allow_negative_numbers(takes_value)
    };
    command.mut_args(of_option).mut_subcommands(with_negative_numbers)
}

/// Runs the program with its arguments, of which the first is its name, and prints what it prints.
///
/// ```
/// assert_eq!(dabnet_cli::run(["dabnet", "--version"]), dabnet_cli::ExitCode::SUCCESS);
/// ```
pub fn run<A: Into<OsString> + Clone>(arguments: impl IntoIterator<Item = A>) -> ExitCode {
    let matches = with_negative_numbers(CliArgs::command()).try_get_matches_from(arguments);
    let parsed = match matches.and_then(|matches| CliArgs::from_arg_matches(&matches)) {
        Ok(parsed) => Ok(parsed),
        Err(error) if error.kind() == ErrorKind::ValueValidation => Err(CliError::value(&error)),
        Err(error) => {
            // Where nobody reads what it says, its code says it.
            _ = error.print();
            return ExitCode(error.exit_code().try_into().unwrap_or(2));
        }
    };
    match parsed.and_then(|args| args.command.run()) {
        Ok(code) => code,
        Err(CliError::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::say(format_args!("dabnet: {error}"));
            error.exit_code()
        }
    }
}

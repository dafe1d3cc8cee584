//! `cargo xtask`: measures what the documentation states and draws its figures.
#![forbid(unsafe_code)]

mod chart;
mod error;
mod theory;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Measures what the documentation states and draws its figures.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the tables and figures of docs/theory.md: which forms of data two values fit, and
    /// networks that multiply.
    Theory {
        /// The folder to write to.
        #[arg(long, default_value = "docs/theory")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let Command::Theory { out } = Cli::parse().command;
    match theory::write(&out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

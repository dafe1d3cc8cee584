//! `cargo xtask`: measures what the documentation states, draws its figures, and builds for browsers.
#![forbid(unsafe_code)]

mod chart;
mod error;
mod networks;
mod theory;
mod web;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Measures what the documentation states, draws its figures, and builds for browsers.
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
    /// Writes the networks that benches/peers measures, with random weights, the sketches it shows
    /// them and what this engine answers.
    Networks {
        /// The folder to write to.
        #[arg(short, long, default_value = "target/peers/networks")]
        out: PathBuf,
    },
    /// Builds the engine for browsers, with vectors and without. Needs the target:
    /// `rustup target add wasm32-unknown-unknown`.
    Web {
        /// The folder to write to.
        #[arg(long, default_value = "web/dabnet")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Theory { out } => theory::write(&out),
        Command::Networks { out } => networks::write(&out),
        Command::Web { out } => web::write(&out),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

//! `cargo xtask`: measures what the documentation states, draws its figures, and builds for browsers.
#![forbid(unsafe_code)]

mod canvases;
mod error;
mod networks;
mod theory;
mod web;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use dabnet_data::Part;

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
    /// Writes what a model sees of the sketches of a data set, for other programs: `canvases` and, as the model
    /// counts them, `labels`. Sketches of words that it does not know are left out.
    Canvases {
        /// An imported data set.
        data: PathBuf,
        /// The model's file.
        model: PathBuf,
        /// The part to take: train, validation or test.
        #[arg(long, default_value = "test", value_parser = part)]
        part: Part,
        /// So many sketches, evenly chosen; all without.
        #[arg(long)]
        count: Option<usize>,
        /// The file to write.
        #[arg(short, long)]
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

fn part(name: &str) -> Result<Part, String> {
    let named = Part::ALL.into_iter().find(|part| part.name() == name);
    named.ok_or_else(|| "there are train, validation and test".to_owned())
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Theory { out } => theory::write(&out),
        Command::Networks { out } => networks::write(&out),
        Command::Canvases { data, model, part, count, out } => {
            canvases::write(&data, &model, part, count, &out)
        }
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

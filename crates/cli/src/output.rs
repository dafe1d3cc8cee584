//! Tables and JSON on standard output.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use clap::Args;
use comfy_table::{Cell, CellAlignment, Row, Table, TableComponent, presets};
use serde::Serialize;

use crate::error::CliError;

/// Option to replace what is there, which no command does unasked.
#[derive(Debug, Args)]
pub(crate) struct ReplaceArgs {
    /// Replace what is there already
    #[arg(long)]
    force: bool,
}

impl ReplaceArgs {
    /// True if what is there may be replaced.
    pub(crate) const fn is_given(&self) -> bool {
        self.force
    }

    /// Checks that a file or folder that `option` names is not there, is an empty folder, or may be replaced.
    ///
    /// # Errors
    /// [`CliError::Input`] if it is there.
    pub(crate) fn check(&self, path: &Path, option: &str) -> Result<(), CliError> {
        let is_taken = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(_) => path.exists(),
        };
        if self.force || !is_taken {
            return Ok(());
        }
        let reason = format!("is there already: give {option} another name, or --force to replace it");
        Err(CliError::Input(format!("{} {reason}", path.display())))
    }
}

/// Checks that a folder to write into is not a file.
///
/// # Errors
/// [`CliError::Input`] if it is one.
pub(crate) fn check_folder(path: &Path) -> Result<(), CliError> {
    if path.is_file() {
        return Err(CliError::Input(format!("{} is a file: give --out a folder", path.display())));
    }
    Ok(())
}

/// Checks that a picture to write has a name that ends in `.png`, as it is one.
///
/// # Errors
/// [`CliError::Input`] if it has another.
pub(crate) fn check_png(path: &Path) -> Result<(), CliError> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return Ok(());
    }
    Err(CliError::Input(format!("{} is to be a PNG file: give a name that ends in .png", path.display())))
}

/// An empty table of a column of names and columns of numbers, with its header.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    let (first, others) = header.split_first().unwrap_or((&"", &[]));
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(row(first, others));
    table.remove_style(TableComponent::HorizontalLines).remove_style(TableComponent::MiddleIntersections);
    table
}

/// A row of a table: a name, then numbers.
pub(crate) fn row(name: &str, numbers: impl IntoIterator<Item = impl ToString>) -> Row {
    let mut row = Row::from([Cell::new(printable_text(name))]);
    for number in numbers {
        row.add_cell(Cell::new(number).set_alignment(CellAlignment::Right));
    }
    row
}

/// A character that a terminal may show: control characters are escaped.
fn printable(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}

/// Text of others that a terminal may show: control characters are escaped.
pub(crate) fn printable_text(text: &str) -> String {
    text.chars().flat_map(printable).collect()
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)
}

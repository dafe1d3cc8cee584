//! Tables and JSON on standard output.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, Row, Table, TableComponent, presets};
use serde::Serialize;

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

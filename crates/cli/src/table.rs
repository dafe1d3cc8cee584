//! Tables on the terminal: a first column of names, then numbers.

use comfy_table::{Cell, CellAlignment, Row, Table, TableComponent, presets};

/// An empty table with its header.
pub(crate) fn new(header: &[&str]) -> Table {
    let mut table = Table::new();
    let (first, others) = header.split_first().unwrap_or((&"", &[]));
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(row(first, others));
    table.remove_style(TableComponent::HorizontalLines).remove_style(TableComponent::MiddleIntersections);
    table
}

/// A row of a table.
pub(crate) fn row(name: &str, numbers: impl IntoIterator<Item = impl ToString>) -> Row {
    let name: String = name.chars().flat_map(printable).collect();
    let mut row = Row::from([Cell::new(name)]);
    for number in numbers {
        row.add_cell(Cell::new(number).set_alignment(CellAlignment::Right));
    }
    row
}

/// A character as a terminal may show it: a name can hold anything.
pub(crate) fn printable(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}

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

/// Thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}

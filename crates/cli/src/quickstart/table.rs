use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, Row, Table, presets};
use dabnet_graph::Precision;

use super::{Outcome, Results};

const HEADER: [&str; 8] =
    ["network", "top-1 %", "top-5 %", "file bytes", "smaller", "ms/sketch", "float MACs", "1-bit MACs"];

pub(super) fn print(results: &Results) -> io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(HEADER.map(right_but_first(HEADER[0])));
    for outcome in &results.outcomes {
        table.add_row(row(outcome, &results.outcomes[0]));
    }
    writeln!(
        io::stdout(),
        "{table}\n{} test sketches through the packed engine; ms is the median on one thread, drawing not included.",
        results.test.len()
    )
}

fn row(outcome: &Outcome, full: &Outcome) -> Row {
    let account = outcome.account();
    let evaluation = &outcome.evaluation;
    let numbers = [
        format!("{:.1}", 100.0 * evaluation.top1),
        format!("{:.1}", 100.0 * evaluation.top5),
        grouped(outcome.bytes),
        format!("{:.1}×", full.bytes as f64 / outcome.bytes as f64),
        format!("{:.3}", evaluation.milliseconds),
        grouped(account.macs(Precision::Full)),
        grouped(account.macs(Precision::Fbin)),
    ];
    let mut row = Row::from([Cell::new(outcome.contender.name)]);
    for number in numbers {
        row.add_cell(Cell::new(number).set_alignment(CellAlignment::Right));
    }
    row
}

fn right_but_first(first: &'static str) -> impl Fn(&'static str) -> Cell {
    move |title| {
        let alignment = if title == first { CellAlignment::Left } else { CellAlignment::Right };
        Cell::new(title).set_alignment(alignment)
    }
}

/// Thousands apart.
pub(super) fn grouped(number: u64) -> String {
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

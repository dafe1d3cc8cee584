use std::io::{self, Write};

use comfy_table::Row;
use dabnet_graph::Precision;

use super::{Outcome, Results};
use crate::table::{self, grouped};

const HEADER: [&str; 8] =
    ["network", "top-1 %", "top-5 %", "file bytes", "smaller", "ms/sketch", "float MACs", "1-bit MACs"];

pub(super) fn print(results: &Results) -> io::Result<()> {
    let mut table = table::new(&HEADER);
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
    let account = outcome.cost();
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
    table::row(outcome.contender.name, numbers)
}

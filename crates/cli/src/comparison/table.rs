use std::{
    io::{self, Write},
    time::Duration,
};

use super::{Comparison, row::Row};
use crate::{
    progress::duration,
    table::{self, grouped},
};

/// The first column, and the others.
const HEADER: [&str; 10] = [
    "network",
    "runs",
    "top-1 %",
    "95 % of one",
    "top-5 %",
    "parameters",
    "file bytes",
    "smaller",
    "ms/sketch",
    "training",
];

impl Comparison {
    /// As the terminal shows it.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut table = table::new(&HEADER);
        for row in &self.rows {
            table.add_row(table::row(&self.name(row), cells(row)));
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{table}")?;
        for difference in &self.differences {
            writeln!(out, "{}", difference.line(self.several_archs()))?;
        }
        for chosen in self.rows.iter().filter_map(Row::chosen) {
            writeln!(out, "{chosen}")?;
        }
        self.explanation().iter().try_for_each(|sentence| writeln!(out, "{sentence}"))
    }

    /// As a document has it.
    pub(super) fn markdown(&self) -> String {
        let mut lines =
            vec![format!("| {} |", HEADER.join(" | ")), format!("|---|{}", "--:|".repeat(HEADER.len() - 1))];
        let row = |row: &Row| format!("| {} | {} |", self.name(row), cells(row).join(" | "));
        lines.extend(self.rows.iter().map(row));
        lines.join("\n")
    }

    /// What the columns are, a sentence each.
    pub(super) fn explanation(&self) -> Vec<String> {
        let tested = self.rows.first().map_or(0, Row::tested) as u64;
        let sketches = grouped(tested);
        let full = match self.rows.iter().all(Row::full_is_a_file) {
            true => "than full precision",
            false => "than full precision, where that has no run here than its parameters",
        };
        vec![
            format!("Packed models on {sketches} test sketches; ±: standard deviation over seeds (n − 1)."),
            format!(
                "95 % of one: what {sketches} sketches leave open of one run with such a top-1 (Wilson)."
            ),
            format!("Smaller: {full}."),
            format!("ms: median on one thread, {}, side by side, drawing not included.", self.isa),
        ]
    }

    fn name(&self, row: &Row) -> String {
        let name = row.network.name();
        if self.several_archs() { format!("{} {name}", row.network.arch) } else { name }
    }
}

fn cells(row: &Row) -> [String; HEADER.len() - 1] {
    let [low, high] = row.interval();
    [
        row.top1.n.to_string(),
        row.top1.percent(),
        format!("{:.1}–{:.1}", 100.0 * low, 100.0 * high),
        row.top5.percent(),
        grouped(row.parameters),
        grouped(row.file_bytes),
        format!("{:.1}×", row.times_smaller()),
        format!("{:.3}", row.milliseconds),
        duration(Duration::from_secs_f64(row.seconds)),
    ]
}

use std::io::{self, Write};

use comfy_table::Row;
use dabnet_graph::Precision;
use dabnet_report::{NetworkReport, QuickstartReport, format::grouped};
use dabnet_sketch::Preprocess;

use crate::{
    output,
    terminal::{EMPTY, braille},
};

/// Prints the results of a quickstart.
pub(super) fn print(report: &QuickstartReport) -> io::Result<()> {
    print_table(report)?;
    print_recognitions(report)
}

const HEADER: [&str; 8] =
    ["network", "top-1 %", "top-5 %", "file bytes", "smaller", "ms/sketch", "float MACs", "1-bit MACs"];

fn print_table(report: &QuickstartReport) -> io::Result<()> {
    let mut table = output::table(&HEADER);
    for network in &report.networks {
        table.add_row(row(network, &report.networks[0]));
    }
    writeln!(
        io::stdout(),
        "{table}\n{} test sketches through the packed engine; ms is the median on one thread, drawing not included.",
        report.test.len()
    )
}

fn row(network: &NetworkReport, full: &NetworkReport) -> Row {
    let account = &network.account;
    let numbers = [
        format!("{:.1}", 100.0 * network.top1),
        format!("{:.1}", 100.0 * network.top5),
        grouped(network.file_bytes),
        format!("{:.1}×", full.file_bytes as f64 / network.file_bytes as f64),
        format!("{:.3}", network.milliseconds),
        grouped(account.macs(Precision::Full)),
        grouped(account.macs(Precision::Fbin)),
    ];
    output::row(network.name, numbers)
}

/// Prints each recognized sketch with its labels beside it.
fn print_recognitions(report: &QuickstartReport) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for recognition in &report.recognitions {
        let example = &report.test[recognition.index];
        let ink = report.preprocessing.ink(&example.drawing);
        let mut picture = braille(&ink, report.preprocessing.canvas.side);
        picture.retain(|line| line.chars().any(|dots| dots != EMPTY));
        let mut text = vec![format!("drawn as: {}", report.labels[example.label]), String::new()];
        text.extend(
            recognition
                .predictions
                .iter()
                .map(|guess| format!("{:>5.1} %  {}", 100.0 * guess.probability, report.labels[guess.class])),
        );
        let first = picture.len().saturating_sub(text.len()) / 2;
        for (row, line) in picture.iter().enumerate() {
            let beside = row.checked_sub(first).and_then(|row| text.get(row)).map_or("", String::as_str);
            writeln!(out, "{line}   {beside}")?;
        }
    }
    Ok(())
}

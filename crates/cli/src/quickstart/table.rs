use std::io::{self, Write};

use comfy_table::Row;
use dabnet_graph::Precision;
use dabnet_report::{NetworkReport, QuickstartReport, format::grouped};

use crate::table;

const HEADER: [&str; 8] =
    ["network", "top-1 %", "top-5 %", "file bytes", "smaller", "ms/sketch", "float MACs", "1-bit MACs"];

pub(super) fn print(report: &QuickstartReport) -> io::Result<()> {
    let mut table = table::new(&HEADER);
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
    table::row(network.name, numbers)
}

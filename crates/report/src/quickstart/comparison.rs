//! Comparison of the networks: the numbers that the terminal shows, one measure per line so that it fits a phone.

use dabnet_graph::Precision;
use maud::{Markup, html};

use super::{NetworkReport, QuickstartReport, answers::NetworkAnswers, verdict};
use crate::format::grouped;

/// A line of the table.
struct ComparisonRow {
    name: &'static str,
    means: &'static str,
    /// Formats the value of a network, compared with full precision.
    of: fn(&NetworkReport, &NetworkReport) -> String,
}

const MEASURES: [ComparisonRow; 7] = [
    ComparisonRow {
        name: "top-1 %",
        means: "first answer is right",
        of: |own, _| format!("{:.1}", 100.0 * own.top1),
    },
    ComparisonRow {
        name: "top-5 %",
        means: "right one is among five",
        of: |own, _| format!("{:.1}", 100.0 * own.top5),
    },
    ComparisonRow { name: "file bytes", means: "packed network", of: |own, _| grouped(own.file_bytes) },
    ComparisonRow {
        name: "smaller",
        means: "than full precision",
        of: |own, full| format!("{:.1}×", full.file_bytes as f64 / own.file_bytes as f64),
    },
    ComparisonRow {
        name: "ms per sketch",
        means: "median, one thread",
        of: |own, _| format!("{:.3}", own.milliseconds),
    },
    ComparisonRow {
        name: "float MACs",
        means: "multiply and add",
        of: |own, _| grouped(own.account.macs(Precision::Full)),
    },
    ComparisonRow {
        name: "1-bit MACs",
        means: "compare and count",
        of: |own, _| grouped(own.account.macs(Precision::Fbin)),
    },
];

pub(super) fn section(report: &QuickstartReport, answers: &[NetworkAnswers]) -> Markup {
    html! {
        section aria-labelledby="comparison" {
            h2 #comparison { "One network, trained " (times(report.networks.len())) }
            p {
                "Same layers, same sketches, same seed. In full precision every weight is a 32-bit number; the "
                "two binary networks start from those weights and train on. "
                "XNOR-Net keeps one bit of each weight and lets a filter have the two values ±mean|W|; "
                "DAB-Net keeps one bit, too, but picks the two values α and β that fit the filter best."
            }
            .beside {
                .main {
                    .scroll { (table(&report.networks)) }
                    p.note {
                        (report.test.len()) " sketches that no network was trained on, through the packed "
                        "engine. Drawing a sketch on its canvas is not in the time. A MAC is one "
                        "multiplication and one addition; with one bit each it is a comparison, and many are done "
                        "at once."
                    }
                }
                div { (certainties(&report.networks, answers)) }
            }
        }
    }
}

fn table(networks: &[NetworkReport]) -> Markup {
    html! {
        table.comparison {
            thead {
                tr {
                    td {}
                    @for (index, network) in networks.iter().enumerate() {
                        th scope="col" class={ "s" (index) } { (network.name) }
                    }
                }
            }
            tbody {
                @for measure in &MEASURES {
                    tr {
                        th scope="row" { (measure.name) small { (measure.means) } }
                        @for network in networks { td { ((measure.of)(network, &networks[0])) } }
                    }
                }
            }
        }
    }
}

/// Significance of the differences.
fn certainties(networks: &[NetworkReport], answers: &[NetworkAnswers]) -> Markup {
    let (Some((last, others)), Some((own, answers))) = (networks.split_last(), answers.split_last()) else {
        return html! {};
    };
    html! {
        h3 { "How much of it may be luck?" }
        ul.plain {
            @for (other, answers) in others.iter().zip(answers).rev() {
                @let (alone, other_alone) = own.right_alone(answers);
                li { (verdict::certainty((last.name, alone), (other.name, other_alone))) }
            }
        }
        p.note { "All this is one seed; another one moves every network a little." }
    }
}

/// A number of trainings in words.
fn times(count: usize) -> String {
    match count {
        1 => "once".into(),
        2 => "twice".into(),
        3 => "three ways".into(),
        _ => format!("{count} ways"),
    }
}

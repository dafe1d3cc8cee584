use std::io::{self, Write};

use clap::Args;
use comfy_table::Row;
use dabnet_graph::{ArchitectureOptions, Graph, LayerCost, NetworkCost, Policy, Precision, architectures};
use serde_json::{Value, json};

use super::network::{GivenNetwork, NetworkArgs};
use crate::{
    error::{CliError, ExitCode},
    models, output,
};
use dabnet_report::format::grouped;

/// Count the cost of a network, layer by layer.
///
/// Weights, their bytes when packed, multiply-accumulates by kind, memory traffic and energy of one
/// sketch, of an architecture under a policy or of a packed model; and the same totals in full
/// precision beside them.
///
/// Energy is an estimate for 45 nm: 32-bit float multiplication 3.7 pJ and addition 0.9 pJ, a byte
/// from a 1 MB cache 12.5 pJ (Horowitz, ISSCC 2014); 64 one-bit products 0.6 pJ, taken for six 32-bit
/// integer additions of the same source. Weights are read once, activations written and read once.
/// `dabnet bench` measures the cost of a sketch on this machine.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet summary --arch sketch-a-net
  dabnet summary --arch sketch-a-net --policy hybrid:conv6 --classes 250
  dabnet summary --arch resnet-18 --activation rprelu --shortcuts
  dabnet summary --model models/quickdraw-20 --json")]
pub(crate) struct SummaryArgs {
    #[command(flatten)]
    network: NetworkArgs,

    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

impl SummaryArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let graph = match self.network.given()? {
            GivenNetwork::Model(path) => models::packed(&path)?.graph,
            GivenNetwork::Architecture(graph) => graph,
        };
        let account = graph.cost();
        let full = in_full_precision(&graph);
        if self.json {
            output::print_json(&summary(&graph, &account, full.as_ref()))?;
        } else {
            print(&graph, &account, full.as_ref())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Cost of the same architecture without binary layers, if it is one of this program.
fn in_full_precision(graph: &Graph) -> Option<NetworkCost> {
    let architecture = architectures::find(graph.architecture()).ok()?;
    let full = architecture.graph_on(
        graph.input_shape(),
        graph.outputs(),
        &Policy::Full,
        ArchitectureOptions::default(),
    );
    Some(full.ok()?.cost())
}

const HEADER: [&str; 9] =
    ["layer", "precision", "output", "weights", "bytes", "float MACs", "1-bit MACs", "traffic", "µJ"];

fn print(graph: &Graph, account: &NetworkCost, full: Option<&NetworkCost>) -> io::Result<()> {
    let mut table = output::table(&HEADER);
    table.add_rows(account.layers.iter().map(layer));
    table.add_row(total("all", account));
    table.add_rows(full.map(|full| total("in full precision", full)));
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} {} on {}\n{table}\nBytes: packed, without the file's header; {} of all are values per channel. Traffic \
         and energy:\nestimates for one sketch; `dabnet bench` measures. That the engine leaves out paper in the first layer \
         is not counted.",
        graph.architecture(),
        graph.policy(),
        graph.input_shape(),
        grouped(account.affine_bytes),
    )?;
    if let Some(full) = full.filter(|full| *full != account) {
        let (bytes, energy) =
            (full.bytes() as f64 / account.bytes() as f64, full.energy() / account.energy());
        writeln!(
            out,
            "{bytes:.1} times fewer bytes and {energy:.1} times less energy than in full precision."
        )?;
    }
    Ok(())
}

fn layer(layer: &LayerCost) -> Row {
    let (float, bits) = match layer.precision {
        Precision::Fbin => (0, layer.macs),
        Precision::Full | Precision::Wbin => (layer.macs, 0),
    };
    let numbers = [
        name(layer.precision).to_owned(),
        layer.output.to_string(),
        grouped(layer.weights),
        grouped(layer.bytes),
        grouped(float),
        grouped(bits),
        grouped(layer.traffic()),
        microjoules(layer.energy()),
    ];
    output::row(&layer.name, numbers)
}

fn total(name: &str, account: &NetworkCost) -> Row {
    let numbers = [
        String::new(),
        String::new(),
        grouped(account.weights()),
        grouped(account.bytes()),
        grouped(account.macs(Precision::Full) + account.macs(Precision::Wbin)),
        grouped(account.macs(Precision::Fbin)),
        grouped(account.traffic()),
        microjoules(account.energy()),
    ];
    output::row(name, numbers)
}

fn microjoules(picojoules: f64) -> String {
    format!("{:.1}", picojoules / 1e6)
}

fn name(precision: Precision) -> &'static str {
    match precision {
        Precision::Full => "full",
        Precision::Wbin => "wbin",
        Precision::Fbin => "fbin",
    }
}

fn summary(graph: &Graph, account: &NetworkCost, full: Option<&NetworkCost>) -> Value {
    let layer = |layer: &LayerCost| {
        json!({
            "name": layer.name,
            "precision": layer.precision,
            "output": [layer.output.channels, layer.output.height, layer.output.width],
            "weights": layer.weights,
            "bytes": layer.bytes,
            "macs": layer.macs,
            "traffic_bytes": layer.traffic(),
            "energy_pj": layer.energy(),
        })
    };
    json!({
        "architecture": graph.architecture(),
        "policy": graph.policy(),
        "layers": account.layers.iter().map(layer).collect::<Vec<_>>(),
        "total": totals(account),
        "full_precision": full.map(totals),
    })
}

fn totals(account: &NetworkCost) -> Value {
    json!({
        "weights": account.weights(),
        "bytes": account.bytes(),
        "full_macs": account.macs(Precision::Full),
        "wbin_macs": account.macs(Precision::Wbin),
        "fbin_macs": account.macs(Precision::Fbin),
        "traffic_bytes": account.traffic(),
        "energy_pj": account.energy(),
    })
}

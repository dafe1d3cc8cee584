//! Writes the seeds of all corpora: `cargo run --bin seeds` in this folder.

use std::{error::Error, fs, path::Path};

use dabnet_engine::PackedModel;
use dabnet_fuzz::common::{Numbers, packed};
use dabnet_graph::{GraphBuilder, ConvSpec, Graph, GraphError, Op, ArchitectureOptions, Padding, Policy, Shape};

#[path = "seeds/sketches.rs"]
mod sketches;

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for folder in ["model", "graph"] {
        fs::create_dir_all(corpus.join(folder))?;
    }
    for policy in ["full", "wbin", "fbin", "hybrid:b"] {
        let policy: Policy = policy.parse()?;
        for (name, graph) in [
            ("chain", chain(&policy)?),
            ("residual", residual(&policy)?),
            ("branches", branches(&policy)?),
            ("groups", groups(&policy)?),
            ("levels", levels(&policy)?),
        ] {
            let name = format!("{name}-{}", policy.to_string().replace(':', "-"));
            fs::write(corpus.join("graph").join(format!("{name}.json")), serde_json::to_string(&graph)?)?;
            let model: PackedModel = packed(graph, Numbers::Dyadic, 1);
            fs::write(corpus.join("model").join(format!("{name}.safetensors")), model.to_bytes()?)?;
        }
    }
    sketches::write(&corpus)
}

fn begin(policy: &Policy, filters: usize) -> GraphBuilder {
    let mut net = GraphBuilder::new("seed", policy, Shape::new(1, 8, 8));
    net.full_layer("a", ConvSpec::new(filters, 3).padding(1));
    net
}

fn chain(policy: &Policy) -> Result<Graph, GraphError> {
    let mut net = begin(policy, 5);
    net.max_pool("pool", 2, 2);
    net.layer("b", ConvSpec::new(6, 3).padding(1));
    net.layer("c", ConvSpec::new(7, 4));
    net.dropout("drop", 0.5);
    net.conv("last", ConvSpec::new(2, 1));
    net.build()
}

fn residual(policy: &Policy) -> Result<Graph, GraphError> {
    let mut net = begin(policy, 4);
    let begin = net.head();
    let precision = net.linear_layer("b", ConvSpec::new(4, 3).padding(1));
    net.add("sum", begin);
    net.activation_after("b", precision);
    let begin = net.head();
    net.layer("c", ConvSpec::new(4, 3).stride(2).padding(1));
    let reached = net.head();
    net.go_to(begin);
    net.push("shrunk", Op::AvgPool { kernel: 2, stride: 2, padding: Padding::NONE });
    net.add("sum2", reached);
    net.global_avg_pool("mean");
    net.conv("last", ConvSpec::new(2, 1));
    net.build()
}

fn branches(policy: &Policy) -> Result<Graph, GraphError> {
    let mut net = begin(policy, 4);
    let begin = net.head();
    let one = net.layer("b", ConvSpec::new(2, 1));
    net.go_to(begin);
    let two = net.layer("c", ConvSpec::new(3, 5).padding(2));
    net.go_to(begin);
    let three = net.padded_max_pool("pool", 3, 1, 1);
    net.concat("all", vec![one, two, three]);
    net.max_pool("pool2", 2, 2);
    net.layer("d", ConvSpec::new(3, 4));
    net.conv("last", ConvSpec::new(2, 1));
    net.build()
}

fn levels(policy: &Policy) -> Result<Graph, GraphError> {
    let options = ArchitectureOptions::default().with_input_bits("2,c=4".parse()?);
    let mut net = begin(policy, 5).options(options);
    net.max_pool("pool", 2, 2);
    net.layer("b", ConvSpec::new(64, 3).padding(1));
    net.layer("c", ConvSpec::new(7, 4));
    net.conv("last", ConvSpec::new(2, 1));
    net.build()
}

fn groups(policy: &Policy) -> Result<Graph, GraphError> {
    let mut net = begin(policy, 6);
    net.layer("b", ConvSpec::new(6, 3).stride(2).groups(6));
    net.layer("c", ConvSpec::new(4, 3).groups(2));
    net.layer("d", ConvSpec::new(64, 1));
    net.layer("e", ConvSpec::new(64, 1).groups(2));
    net.conv("last", ConvSpec::new(2, 1));
    net.build()
}

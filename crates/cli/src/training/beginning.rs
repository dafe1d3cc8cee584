//! What settings leave open and a network to begin with has: a run is of the same network, unless it says otherwise.

use std::path::Path;

use dabnet_graph::{
    Activation, ArchitectureOptions, Graph, InputBits, Node, Policy, Preprocessing, architectures,
};
use toml::{Table, Value};

use super::{ForeignNetwork, NamedLook, Source};

/// Fills in architecture, precisions and look as what settings start from has them, where they name no architecture.
/// Gives its network where that is of none of the architectures.
///
/// A network in full precision says nothing of precisions: one begins with it to become binary.
pub(super) fn follow(table: &mut Table) -> Option<Box<ForeignNetwork>> {
    let arch = table.get("arch").and_then(Value::as_str).map(str::to_owned);
    if arch.as_ref().is_some_and(|arch| architectures::find(arch).is_ok()) {
        return None;
    }
    let source = Source::open(Path::new(table.get("start_from")?.as_str()?)).ok()?;
    if let Some(foreign) = ForeignNetwork::of(&source) {
        let name = foreign.graph.architecture().to_owned();
        if arch.is_some_and(|arch| arch != name) {
            return None;
        }
        fill(table, looks(&name, &foreign.preprocessing)?);
        return Some(Box::new(foreign));
    }
    if arch.is_none()
        && let Some(preprocessing) = source.preprocessing()
    {
        let graph = source.graph();
        fill(table, looks(graph.architecture(), preprocessing)?);
        if let Some(options) = options_of(graph) {
            fill(table, precisions(graph.policy(), &options));
        }
    }
    None
}

type Said = Vec<(&'static str, Value)>;

fn fill(table: &mut Table, said: Said) {
    // Another look has a line and numbers of its own.
    let others = table.contains_key("look");
    let open =
        |key: &str| !others || !["look", "channels", "line_width", "margin", "normalization"].contains(&key);
    for (key, value) in said.into_iter().filter(|(key, _)| open(key)) {
        table.entry(key).or_insert(value);
    }
}

/// An architecture, and how its network sees sketches.
fn looks(arch: &str, preprocessing: &Preprocessing) -> Option<Said> {
    let Preprocessing { look, canvas, channels, .. } = *preprocessing;
    let normalization = [canvas.mean, canvas.std].map(|value| Value::from(f64::from(value)));
    Some(vec![
        ("arch", Value::from(arch)),
        ("side", Value::from(canvas.side as i64)),
        ("look", Value::try_from(NamedLook::of(look)).ok()?),
        ("channels", Value::from(channels.to_string())),
        ("line_width", Value::from(f64::from(canvas.line_width))),
        ("margin", Value::from(f64::from(canvas.margin))),
        ("normalization", normalization.to_vec().into()),
    ])
}

fn precisions(policy: &Policy, options: &ArchitectureOptions) -> Said {
    vec![
        ("policy", Value::from(policy.to_string())),
        ("activation", Value::from(options.activation.to_string())),
        ("shortcuts", Value::from(options.shortcuts)),
        ("input_bits", Value::from(options.input_bits.to_string())),
    ]
}

/// What a graph of a known architecture was made with; nothing where none of its layers is binary.
fn options_of(graph: &Graph) -> Option<ArchitectureOptions> {
    let architecture = architectures::find(graph.architecture()).ok()?;
    let input_bits = input_bits(graph)?;
    let made = [
        (Activation::Relu, false),
        (Activation::Relu, true),
        (Activation::RPReLU, false),
        (Activation::RPReLU, true),
    ]
    .map(|(activation, shortcuts)| ArchitectureOptions {
        activation,
        shortcuts,
        input_bits: input_bits.clone(),
        ends: None,
    });
    let is_same = |options: &ArchitectureOptions| {
        let twin =
            architecture.graph_on(graph.input_shape(), graph.outputs(), graph.policy(), options.clone());
        twin.is_ok_and(|twin| names(&twin) == names(graph))
    };
    made.into_iter().find(is_same)
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.nodes().iter().map(|node| node.name.as_str()).collect()
}

/// Bits of the layers' inputs; nothing where none is binary.
fn input_bits(graph: &Graph) -> Option<InputBits> {
    let bits = |(id, node, _): (_, &Node, _)| Some((node.name.clone(), graph.input_bits(id)?));
    let all: Vec<(String, u8)> = graph.convolutions().filter_map(bits).collect();
    let most = all.iter().map(|(_, bits)| *bits).max()?;
    let others = all.iter().filter(|(_, bits)| *bits != most).map(|(name, bits)| format!(",{name}={bits}"));
    format!("{most}{}", others.collect::<String>()).parse().ok()
}

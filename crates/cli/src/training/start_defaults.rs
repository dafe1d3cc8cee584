//! Defaults from the network that a run starts from: the run is of the same network, unless settings say otherwise.

use std::path::Path;

use dabnet_graph::{
    Activation, ArchitectureOptions, Graph, InputBits, Node, Policy, Preprocessing, architectures,
};
use toml::{Table, Value};

use super::{ForeignNetwork, NamedLook, NetworkSource};

/// Architecture, precisions and preprocessing of the network that settings start from, if they name no architecture,
/// and the network itself, if it is of none of the architectures.
///
/// A full-precision network says nothing of precisions: runs start from it to become binary.
pub(super) fn find(settings: &Table) -> (Table, Option<Box<ForeignNetwork>>) {
    find_start(settings).unwrap_or_default()
}

fn find_start(settings: &Table) -> Option<(Table, Option<Box<ForeignNetwork>>)> {
    let arch = settings.get("arch").and_then(Value::as_str);
    if arch.is_some_and(|arch| architectures::find(arch).is_ok()) {
        return None;
    }
    let source = NetworkSource::open(Path::new(settings.get("start_from")?.as_str()?)).ok()?;
    if let Some(foreign) = ForeignNetwork::of(&source) {
        let name = foreign.graph.architecture();
        if arch.is_some_and(|arch| arch != name) {
            return None;
        }
        let defaults = open(settings, preprocessing_table(name, &foreign.preprocessing)?);
        return Some((defaults, Some(Box::new(foreign))));
    }
    let (None, Some(preprocessing)) = (arch, source.preprocessing()) else { return None };
    let graph = source.graph();
    let mut defaults = open(settings, preprocessing_table(graph.architecture(), preprocessing)?);
    if let Some(options) = options_of(graph) {
        defaults.extend(open(settings, precision_table(graph.policy(), &options)));
    }
    Some((defaults, None))
}

/// Defaults that settings leave open. Another look has a line and numbers of its own.
fn open(settings: &Table, defaults: Table) -> Table {
    let of_look = ["look", "channels", "line_width", "margin", "normalization"];
    let is_said =
        |key: &str| settings.contains_key(key) || settings.contains_key("look") && of_look.contains(&key);
    defaults.into_iter().filter(|(key, _)| !is_said(key)).collect()
}

/// Settings of an architecture and its preprocessing.
fn preprocessing_table(arch: &str, preprocessing: &Preprocessing) -> Option<Table> {
    let Preprocessing { look, canvas, channels, .. } = *preprocessing;
    let normalization = [canvas.mean, canvas.std].map(|value| Value::from(f64::from(value)));
    let settings = [
        ("arch", Value::from(arch)),
        ("side", Value::from(canvas.side as i64)),
        ("look", Value::try_from(NamedLook::of(look)).ok()?),
        ("channels", Value::from(channels.to_string())),
        ("line_width", Value::from(f64::from(canvas.line_width))),
        ("margin", Value::from(f64::from(canvas.margin))),
        ("normalization", normalization.to_vec().into()),
    ];
    Some(named(settings))
}

/// Settings of precisions.
fn precision_table(policy: &Policy, options: &ArchitectureOptions) -> Table {
    named([
        ("policy", Value::from(policy.to_string())),
        ("activation", Value::from(options.activation.to_string())),
        ("shortcuts", Value::from(options.shortcuts)),
        ("input_bits", Value::from(options.input_bits.to_string())),
    ])
}

fn named<const N: usize>(settings: [(&str, Value); N]) -> Table {
    settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Options that a graph of a known architecture was made with; none if none of its layers is binary.
fn options_of(graph: &Graph) -> Option<ArchitectureOptions> {
    let architecture = architectures::find(graph.architecture()).ok()?;
    let input_bits = input_bits(graph)?;
    let made = [
        (Activation::Relu, false),
        (Activation::Relu, true),
        (Activation::RPReLU, false),
        (Activation::RPReLU, true),
    ]
    .map(|(activation, shortcuts)| {
        ArchitectureOptions::default()
            .with_activation(activation)
            .with_shortcuts(shortcuts)
            .with_input_bits(input_bits.clone())
            .with_ends(None)
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

/// Bits of the layers' inputs; none if none is binary.
fn input_bits(graph: &Graph) -> Option<InputBits> {
    let bits = |(id, node, _): (_, &Node, _)| Some((node.name.clone(), graph.input_bits(id)?));
    let all: Vec<(String, u8)> = graph.convolutions().filter_map(bits).collect();
    let most = all.iter().map(|(_, bits)| *bits).max()?;
    let others = all.iter().filter(|(_, bits)| *bits != most).map(|(name, bits)| format!(",{name}={bits}"));
    format!("{most}{}", others.collect::<String>()).parse().ok()
}

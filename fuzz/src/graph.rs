//! Mutations of a graph's JSON.

use dabnet_graph::{Graph, Op, PointwiseOp};
use serde_json::{Value, json};

use crate::{common::Random, json};

/// How often a change is tried until what it gives is a graph.
const TRIES: usize = 16;

/// Changes a graph; most of what comes out is valid again.
pub fn mutate(graph: &Value, random: &mut Random) -> Value {
    let tries = if random.below(8) == 0 { 1 } else { TRIES };
    let mut changed = graph.clone();
    for _ in 0..tries {
        changed = graph.clone();
        for _ in 0..=random.below(3) {
            change(&mut changed, random);
        }
        if serde_json::from_value::<Graph>(changed.clone()).is_ok() {
            break;
        }
    }
    changed
}

fn change(graph: &mut Value, random: &mut Random) {
    let nodes = graph.get_mut("nodes").and_then(Value::as_array_mut);
    let Some(nodes) = nodes.filter(|nodes| nodes.len() > 1 && nodes.iter().skip(1).all(is_node)) else {
        return json::mutate(graph, random);
    };
    let at = 1 + random.below(nodes.len() as u64 - 1) as usize;
    match random.below(12) {
        0 => json::mutate(graph, random),
        1 => nodes[at]["op"] = op(random),
        2 => reconnect(&mut nodes[at], at, random),
        3 => remove(nodes, at),
        4 | 5 => json::mutate(&mut nodes[at]["op"], random),
        6 => join(nodes, random),
        7 => nodes.truncate(at + 1),
        8 => residual(nodes, random),
        _ => insert(nodes, at, random),
    }
}

/// Whether it has the parts that the changes below touch.
fn is_node(node: &Value) -> bool {
    let reads = node.get("inputs").and_then(Value::as_array);
    reads.is_some_and(|reads| !reads.is_empty()) && node.get("op").is_some_and(Value::is_object)
}

/// An op with numbers that often fit.
fn op(random: &mut Random) -> Value {
    let kernel = 1 + random.below(5);
    let stride = 1 + random.below(3);
    let padding = padding(kernel, random);
    match random.below(13) {
        0 => json!({"type": "batch_norm", "epsilon": 1e-5}),
        1 | 8 => json!(Op::from(PointwiseOp::ALL[random.below(PointwiseOp::ALL.len() as u64) as usize])),
        2 | 3 => json!({"type": "sign"}),
        4 => json!({"type": "max_pool", "kernel": kernel, "stride": stride, "padding": padding}),
        5 => json!({"type": "avg_pool", "kernel": kernel, "stride": stride, "padding": padding}),
        6 => json!({"type": "global_avg_pool"}),
        7 => json!({"type": "dropout", "p": 0.5}),
        9 => json!({"type": if random.below(2) == 0 { "add" } else { "concat" }}),
        _ => conv(kernel, stride, &padding, random),
    }
}

/// One number or one for each side.
fn padding(kernel: u64, random: &mut Random) -> Value {
    match random.below(2) {
        0 => json!(random.below(kernel)),
        _ => json!([0; 4].map(|_: u64| random.below(kernel))),
    }
}

fn conv(kernel: u64, stride: u64, padding: &Value, random: &mut Random) -> Value {
    let filters = match random.below(3) {
        0 => [32, 64, 65, 128, 192][random.below(5) as usize],
        _ => 1 + random.below(24),
    };
    let groups = [1, 1, 1, 2, 4, filters][random.below(6) as usize];
    let precision = ["full", "wbin", "fbin"][random.below(3) as usize];
    let weights = if precision == "full" && random.below(2) == 0 { "i8" } else { "f32" };
    json!({
        "type": "conv2d", "out_channels": filters, "kernel": kernel, "stride": stride, "padding": padding,
        "groups": groups, "precision": precision, "weights": weights,
    })
}

/// Puts a new node, and a sign before it where it needs one, in the place of node `at`.
fn insert(nodes: &mut Vec<Value>, at: usize, random: &mut Random) {
    let new = op(random);
    let fbin = new["precision"] == "fbin";
    let reads = nodes[at]["inputs"][0].as_u64().unwrap_or(0);
    shift(nodes, at, 1 + u64::from(fbin));
    let mut place = at;
    let mut reads = json!([reads]);
    if fbin {
        nodes.insert(place, json!({"name": name(random), "op": {"type": "sign"}, "inputs": reads}));
        reads = json!([place]);
        place += 1;
    }
    nodes.insert(place, json!({"name": name(random), "op": new, "inputs": reads}));
    if let Some(next) = nodes.get_mut(place + 1) {
        next["inputs"][0] = json!(place);
    }
}

/// Appends a node that joins two earlier ones.
fn join(nodes: &mut Vec<Value>, random: &mut Random) {
    let len = nodes.len() as u64;
    let kind = if random.below(2) == 0 { "add" } else { "concat" };
    let inputs = json!([random.below(len), len - 1]);
    nodes.push(json!({"name": name(random), "op": {"type": kind}, "inputs": inputs}));
}

/// Appends a convolution that keeps the shape, and a sum of what it reads and gives.
fn residual(nodes: &mut Vec<Value>, random: &mut Random) {
    let from = nodes.len() as u64 - 1 - random.below(nodes.len().min(4) as u64);
    let kernel = 1 + 2 * random.below(3);
    let sign = nodes.len();
    let kind = if random.below(2) == 0 { "add" } else { "concat" };
    let filters = nodes.iter().filter_map(|node| node["op"]["out_channels"].as_u64()).next_back();
    let conv = json!({
        "type": "conv2d", "out_channels": filters.unwrap_or(1), "kernel": kernel, "stride": 1,
        "padding": kernel / 2, "precision": "fbin",
    });
    nodes.push(json!({"name": name(random), "op": {"type": "sign"}, "inputs": [from]}));
    nodes.push(json!({"name": name(random), "op": conv, "inputs": [sign]}));
    nodes.push(json!({"name": name(random), "op": {"type": kind}, "inputs": [from, sign + 1]}));
}

fn reconnect(node: &mut Value, at: usize, random: &mut Random) {
    let Some(inputs) = node["inputs"].as_array_mut() else { return };
    let reads = json!(random.below(at as u64));
    if inputs.is_empty() || random.below(3) == 0 {
        inputs.push(reads);
    } else {
        let which = random.below(inputs.len() as u64) as usize;
        inputs[which] = reads;
    }
}

fn remove(nodes: &mut Vec<Value>, at: usize) {
    let reads = nodes.remove(at)["inputs"][0].as_u64().unwrap_or(0);
    for node in nodes.iter_mut() {
        for input in node["inputs"].as_array_mut().into_iter().flatten() {
            match input.as_u64() {
                Some(number) if number == at as u64 => *input = json!(reads),
                Some(number) if number > at as u64 => *input = json!(number - 1),
                _ => {}
            }
        }
    }
}

/// Makes readers of `at` and later nodes read `by` nodes later.
fn shift(nodes: &mut [Value], at: usize, by: u64) {
    for input in nodes.iter_mut().flat_map(|node| node["inputs"].as_array_mut().into_iter().flatten()) {
        if let Some(number) = input.as_u64().filter(|&number| number >= at as u64) {
            *input = json!(number.saturating_add(by));
        }
    }
}

fn name(random: &mut Random) -> String {
    format!("n{}", random.below(1 << 20))
}

//! Claims of enormous size are rejected before memory is allocated for them.

mod common;

use common::{
    allocator::{self, Allocated},
    container::{Container, join},
    lines,
};
use dabnet_engine::{Model, PackedModel};
use dabnet_graph::{Conv2d, Graph, Node, Op, Padding, Policy, Precision, Shape, WeightFormat};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

/// Upper bound of the memory of reading: the file's own content, parsed a few times.
const PER_BYTE: usize = 60;
const BESIDE: usize = 256 << 10;

const MANY: u64 = 1_000_000_000_000;

/// A change of a graph's JSON.
type Change = Box<dyn Fn(&mut Value)>;

/// One test, since all threads are counted.
#[test]
fn nothing_enormous_is_believed() {
    claims_in_the_graph();
    claims_in_the_header();
    much_of_everything();
    small_files_of_enormous_networks();
    many_of_anything_are_compiled_at_once();
}

/// The input, two branches of it, their concatenation, and one convolution of all.
fn branches() -> PackedModel {
    let conv = |out_channels, kernel, groups, precision| {
        Op::Conv2d(Conv2d {
            out_channels,
            kernel,
            stride: 1,
            padding: Padding::NONE,
            groups,
            precision,
            weight_format: WeightFormat::F32,
        })
    };
    let ops = [
        ("input", Op::Input { shape: Shape::new(1, 8, 8) }, vec![]),
        ("a", conv(2, 1, 1, Precision::Full), vec![0]),
        ("b", conv(2, 1, 1, Precision::Wbin), vec![0]),
        ("both", Op::Concat, vec![1, 2]),
        ("pool", Op::MaxPool { kernel: 2, stride: 2, padding: Padding::NONE }, vec![3]),
        ("last", conv(2, 4, 2, Precision::Wbin), vec![4]),
    ];
    let nodes = ops.into_iter().map(|(name, op, inputs)| Node { name: name.into(), op, inputs });
    PackedModel::random(Graph::new("hostile".into(), Policy::Full, nodes.collect()).unwrap(), lines(8), 0)
}

fn container() -> Container {
    Container::read(&branches().to_bytes().unwrap())
}

/// The error, for which not much more memory than the file itself may have been taken.
fn refused(bytes: &[u8]) -> String {
    let (result, Allocated { bytes: taken, .. }) = allocator::during(|| PackedModel::from_bytes(bytes));
    let error = result.expect_err("an enormous model was accepted").to_string();
    assert!(taken <= BESIDE + PER_BYTE * bytes.len(), "{taken} bytes for a file of {}: {error}", bytes.len());
    error
}

fn claims_in_the_graph() {
    let op = |node: usize, field: &'static str, value: u64| {
        move |graph: &mut Value| graph["nodes"][node]["op"][field] = json!(value)
    };
    let changes: Vec<(Change, &str)> = vec![
        (Box::new(op(1, "out_channels", MANY)), "'a'"),
        (Box::new(op(1, "out_channels", u64::MAX)), "'a'"),
        (Box::new(op(1, "out_channels", 1 << 27)), "'a'"),
        (Box::new(op(1, "kernel", 1 << 20)), "'a'"),
        (Box::new(op(1, "kernel", 1 << 32)), "'a'"),
        (Box::new(op(1, "kernel", u64::MAX)), "'a'"),
        (Box::new(op(1, "stride", 0)), "'a'"),
        (Box::new(op(1, "padding", u64::MAX)), "'a'"),
        (Box::new(op(4, "kernel", u64::MAX)), "'pool'"),
        (Box::new(op(4, "stride", 0)), "'pool'"),
        (Box::new(op(4, "padding", u64::MAX)), "'pool'"),
        (Box::new(op(5, "groups", 0)), "0 groups"),
        (Box::new(op(5, "groups", 3)), "3 groups"),
        (Box::new(op(5, "groups", MANY)), "groups"),
        (Box::new(|graph| graph["nodes"][0]["op"]["shape"]["channels"] = json!(MANY)), "'input'"),
        (Box::new(|graph| graph["nodes"][0]["op"]["shape"]["channels"] = json!(u64::MAX)), "'input'"),
        (Box::new(|graph| graph["nodes"][0]["op"]["shape"]["height"] = json!(u64::MAX)), "'input'"),
        (Box::new(|graph| graph["nodes"][0]["op"]["shape"]["width"] = json!(0)), "'input'"),
        (Box::new(|graph| graph["nodes"][3]["inputs"] = json!(vec![1; 1 << 22])), "'both'"),
        (Box::new(|graph| graph["nodes"][3]["inputs"] = json!([1, 1_000_000_000])), "'both'"),
        (Box::new(|graph| graph["nodes"][3]["inputs"] = json!([1, u64::MAX])), "'both'"),
    ];
    for (at, (change, named)) in changes.iter().enumerate() {
        let mut container = container();
        let mut graph: Value = serde_json::from_str(&container.metadata["graph"]).unwrap();
        change(&mut graph);
        container.metadata.insert("graph".into(), graph.to_string());
        let error = refused(&container.sealed());
        // Where addresses have 32 bits, a larger number is refused before it belongs to any node.
        let too_large = usize::BITS < 64 && error.contains("expected usize");
        assert!(error.contains("'graph'") && (error.contains(named) || too_large), "change {at}: {error}");
    }
    wide_concatenation();
}

/// Every part is allowed and their sum is not. Were sizes not checked as they are added up, twice as
/// many would wrap around.
fn wide_concatenation() {
    let wide = 1_u64 << 22;
    let mut container = container();
    let mut graph: Value = serde_json::from_str(&container.metadata["graph"]).unwrap();
    graph["nodes"][1]["op"]["out_channels"] = json!(wide);
    graph["nodes"][3]["inputs"] = json!([1, 1]);
    container.metadata.insert("graph".into(), graph.to_string());
    assert!(refused(&container.sealed()).contains("'both'"));
}

/// Lengths and shapes that the file does not have the data for.
fn claims_in_the_header() {
    let tensor = |shape: Value, end: u64| {
        json!({"x.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).to_string()
    };
    for header in [
        tensor(json!([MANY]), 4 * MANY),
        tensor(json!([MANY]), 0),
        tensor(json!([u64::MAX, 2]), 8),
        tensor(json!([1_u64 << 32, 1_u64 << 32]), 0),
        tensor(json!([]), u64::MAX),
        tensor(json!(vec![1; 1 << 20]), 4),
    ] {
        refused(&join(&header, &[0; 16]));
    }
    for length in [MANY, 1 << 63, u64::MAX, (16 << 20) + 1] {
        refused(&[&length.to_le_bytes()[..], b"{}"].concat());
    }
}

/// As many entries as fit into the largest header, where there should be few.
fn much_of_everything() {
    let mut many_nodes = container();
    let node =
        |id: usize| json!({"name": format!("n{id}"), "op": {"type": "relu"}, "inputs": [id.max(1) - 1]});
    let mut graph: Value = serde_json::from_str(&many_nodes.metadata["graph"]).unwrap();
    graph["nodes"] = (0..50_000).map(node).collect();
    many_nodes.metadata.insert("graph".into(), graph.to_string());
    assert!(refused(&many_nodes.sealed()).contains("50000"));

    let mut many_tensors = container();
    let tensor = many_tensors.tensors["a.weight"].clone();
    for name in 0..50_000 {
        many_tensors.tensors.insert(format!("t{name}"), tensor.clone());
    }
    assert!(refused(&many_tensors.sealed()).contains("'t0'"));

    let mut many_labels = container();
    many_labels.metadata.insert("labels".into(), json!(vec![""; 1 << 20]).to_string());
    assert!(refused(&many_labels.sealed()).contains("1048576 labels"));

    let mut deep = container();
    deep.metadata.insert("provenance".into(), format!("{{\"x\":{}", "[".repeat(1 << 20)));
    assert!(refused(&deep.sealed()).contains("'provenance'"));
}

/// These are valid files: it is compiling them that would take too much.
fn small_files_of_enormous_networks() {
    let conv = |out_channels, kernel, padding, precision| {
        Op::Conv2d(Conv2d {
            out_channels,
            kernel,
            stride: 1,
            padding: Padding::all(padding),
            groups: 1,
            precision,
            weight_format: WeightFormat::F32,
        })
    };
    let pool = |kernel, padding| Op::MaxPool { kernel, stride: 1, padding: Padding::all(padding) };
    let elements =
        vec![conv(250, 1, 0, Precision::Full), conv(250, 1, 0, Precision::Full), Op::GlobalAvgPool];
    // Each alone needs little, but all are kept.
    let maps = [
        vec![pool(257, 256); 5],
        vec![Op::AvgPool { kernel: 1, stride: 1, padding: Padding::NONE }; 3900],
        vec![Op::GlobalAvgPool],
    ]
    .concat();
    let pools = vec![pool(1000, 999), pool(1000, 999), Op::GlobalAvgPool];
    let extent = 1_usize << (usize::BITS - 21);
    let wide = Op::MaxPool { kernel: extent, stride: 2 * extent, padding: (extent - 1).into() };
    let border = [Op::Sign, conv(1, 87, 43, Precision::Fbin)];
    let borders = std::iter::repeat_n(border, 1900).flatten().chain([Op::GlobalAvgPool]).collect();
    let cases = [
        (1024, elements, "working memory"),
        (1024, maps, "working memory"),
        (1024, pools, "operations"),
        (256, borders, "compiled"),
    ];
    // The memory that this takes is within the limit where numbers are small.
    let wide = (usize::BITS == 64).then(|| (8, vec![wide], "working memory"));
    for (side, ops, part) in cases.into_iter().chain(wide) {
        let model = chain(side, ops);
        let (result, Allocated { bytes, .. }) = allocator::during(|| Model::new(model));
        let Err(error) = result else { panic!("{part}: accepted") };
        let error = error.to_string();
        assert!(error.contains(part), "{part}: {error}");
        assert!(bytes < 64 << 20, "{bytes} bytes for {error}");
    }
}

/// Networks of many nodes, or of nodes with many inputs, compile in the time that reading them takes, or are
/// refused.
fn many_of_anything_are_compiled_at_once() {
    let pools = [vec![Op::GlobalAvgPool], vec![Op::Relu; 2000], vec![pool_of_one(); 2000]].concat();
    let many_pools = Graph::new("chain".into(), Policy::Full, nodes(Shape::new(4096, 8, 8), pools)).unwrap();
    Model::new(PackedModel::random(many_pools, lines(8), 0)).unwrap();

    let terms = |count| {
        let mut nodes = nodes(Shape::new(1, 8, 8), vec![Op::GlobalAvgPool, Op::Add]);
        nodes[2].inputs = vec![1; count];
        let graph = Graph::new("terms".into(), Policy::Full, nodes).unwrap();
        Model::new(PackedModel::random(graph, lines(8), 0))
    };
    terms(60_000).unwrap();
    assert!(terms(70_000).unwrap_err().to_string().contains("inputs"));
}

fn pool_of_one() -> Op {
    Op::MaxPool { kernel: 1, stride: 1, padding: Padding::NONE }
}

fn chain(side: usize, ops: Vec<Op>) -> PackedModel {
    let nodes = nodes(Shape::new(1, side, side), ops);
    let graph = Graph::new("chain".into(), Policy::Full, nodes).unwrap();
    PackedModel::random(graph, lines(side), 0)
}

/// Each reads the one before.
fn nodes(shape: Shape, ops: Vec<Op>) -> Vec<Node> {
    let ops = std::iter::once(Op::Input { shape }).chain(ops).enumerate();
    let inputs = |id: usize| id.checked_sub(1).into_iter().collect();
    ops.map(|(id, op)| Node { name: format!("n{id}"), op, inputs: inputs(id) }).collect()
}

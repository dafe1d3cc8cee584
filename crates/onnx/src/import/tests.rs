//! Tests of rejected ops, attributes and files.

use std::path::Path;

use dabnet_engine::PackedModel;
use dabnet_graph::{Canvas, Op, Precision, Preprocessing};
use proptest::prelude::*;
use prost::{Message, bytes::Bytes};

use crate::import::{
    ImportError, ImportOptions, import_bytes,
    messages::{
        AttributeMessage, DimensionMessage, GraphMessage, ModelMessage, NodeMessage, OperatorSetMessage,
        StringEntryMessage, TensorMessage, TensorShapeMessage, TensorTypeMessage, TypeMessage,
        ValueInfoMessage,
    },
};

const SIDE: i64 = 8;

fn bytes(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

/// A network as a list of nodes, with constants that they can read.
struct TestNetwork {
    nodes: Vec<NodeMessage>,
    tensors: Vec<TensorMessage>,
    input: Vec<i64>,
    opset: i64,
}

impl TestNetwork {
    /// A single node from input `x` to output `y`, followed by the mean of each channel.
    fn of(node: NodeMessage) -> Self {
        let mean = self::node("GlobalAveragePool", &[&node.outputs[0]], "y");
        Self { nodes: vec![node, mean], tensors: tensors(), input: vec![-1, 1, SIDE, SIDE], opset: 13 }
    }

    fn encode(&self) -> Vec<u8> {
        let graph = GraphMessage {
            nodes: self.nodes.iter().map(bytes).collect(),
            name: "test".into(),
            initializers: self.tensors.iter().map(bytes).collect(),
            inputs: vec![bytes(&value("x", &self.input))],
            outputs: vec![bytes(&value("y", &[-1, 1]))],
        };
        let set = OperatorSetMessage { domain: String::new(), version: self.opset };
        let model = ModelMessage {
            graph: Some(bytes(&graph)),
            operator_sets: vec![bytes(&set)],
            producer: "test".into(),
            ..Default::default()
        };
        model.encode_to_vec()
    }

    fn import(&self) -> Result<PackedModel, ImportError> {
        import(self.encode())
    }

    fn refusal(&self) -> String {
        self.import().expect_err("it is to be refused").to_string()
    }
}

fn import(file: Vec<u8>) -> Result<PackedModel, ImportError> {
    import_with(file, &ImportOptions::default())
}

fn import_with(file: Vec<u8>, options: &ImportOptions) -> Result<PackedModel, ImportError> {
    let canvas = |side| Canvas { side, line_width: 0.1, margin: 0.0, mean: 0.0, std: 1.0 };
    import_bytes(Path::new("network.onnx"), file, options, |side| Preprocessing::lines(canvas(side)))
}

fn value(name: &str, dims: &[i64]) -> ValueInfoMessage {
    let dim = |&dim: &i64| {
        bytes(&DimensionMessage { value: Some(dim).filter(|&dim| dim > 0), ..Default::default() })
    };
    let shape = TensorShapeMessage { dims: dims.iter().map(dim).collect() };
    let tensor = TensorTypeMessage { element: 1, shape: Some(bytes(&shape)) };
    ValueInfoMessage { name: name.into(), kind: bytes(&TypeMessage { tensor: Some(bytes(&tensor)) }) }
}

fn node(op: &str, inputs: &[&str], output: &str) -> NodeMessage {
    NodeMessage {
        inputs: inputs.iter().map(|name| (*name).to_owned()).collect(),
        outputs: vec![output.into()],
        name: format!("a {op}"),
        op: op.into(),
        domain: String::new(),
        attributes: vec![],
    }
}

fn with(node: NodeMessage, attribute: AttributeMessage) -> NodeMessage {
    let attributes = [node.attributes, vec![bytes(&attribute)]].concat();
    NodeMessage { attributes, ..node }
}

fn ints(name: &str, ints: &[i64]) -> AttributeMessage {
    AttributeMessage { name: name.into(), ints: ints.to_vec(), ..AttributeMessage::default() }
}

fn int(name: &str, int: i64) -> AttributeMessage {
    AttributeMessage { name: name.into(), int: Some(int), ..AttributeMessage::default() }
}

fn floats(name: &str, dims: &[i64]) -> TensorMessage {
    let count = dims.iter().product::<i64>() as usize;
    let float_data = (0..count).map(|at| 0.5 - at as f32 / 16.0).collect();
    TensorMessage {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 1,
        float_data,
        ..TensorMessage::default()
    }
}

fn tensors() -> Vec<TensorMessage> {
    let shape = |name: &str, numbers: &[i64]| TensorMessage {
        name: name.into(),
        dims: vec![numbers.len() as i64],
        data_type: 7,
        int64_data: numbers.to_vec(),
        ..TensorMessage::default()
    };
    vec![
        floats("one", &[]),
        floats("low", &[]),
        floats("high", &[]),
        floats("w", &[2, 1, 3, 3]),
        floats("long", &[1, 1, 1, 30]),
        floats("channels", &[2]),
        floats("plane", &[8, 8]),
        floats("rows", &[8, 1]),
        floats("matrix", &[64, 3]),
        shape("flat", &[-1, 64]),
        shape("cut", &[-1, 2, 32]),
        shape("batchless", &[64]),
        shape("rowsum", &[2]),
    ]
}

/// A convolution of three by three with an attribute.
fn conv(attribute: AttributeMessage) -> NodeMessage {
    with(node("Conv", &["x", "w"], "z"), attribute)
}

fn pool(op: &str, attribute: AttributeMessage) -> NodeMessage {
    let windows = with(node(op, &["x"], "z"), ints("kernel_shape", &[2, 2]));
    with(windows, attribute)
}

#[test]
fn what_can_be_imported_is() {
    let can = |node: NodeMessage| TestNetwork::of(node).import().unwrap_or_else(|error| panic!("{error}"));
    can(node("Conv", &["x", "w"], "z"));
    can(conv(ints("dilations", &[2, 2])));
    can(pool("MaxPool", ints("strides", &[2, 2])));
    can(pool("AveragePool", int("count_include_pad", 1)));
    can(node("Add", &["x", "one"], "z"));
    can(node("LeakyRelu", &["x"], "z"));
}

/// Ops that networks for pictures have and that are not known here.
#[test]
fn ops_that_are_not_known_are_named() {
    let ops = [
        "Abs",
        "ArgMax",
        "ConvTranspose",
        "DepthToSpace",
        "Einsum",
        "Elu",
        "Erf",
        "Exp",
        "Expand",
        "Gelu",
        "GlobalMaxPool",
        "GRU",
        "HardSigmoid",
        "HardSwish",
        "If",
        "InstanceNormalization",
        "LayerNormalization",
        "Loop",
        "LRN",
        "LSTM",
        "Max",
        "Min",
        "Mish",
        "Mul",
        "Pad",
        "Pow",
        "QLinearConv",
        "ReduceMax",
        "ReduceSum",
        "Resize",
        "ScatterND",
        "Selu",
        "Softplus",
        "Split",
        "Sqrt",
        "Sub",
        "Sum",
        "Upsample",
    ];
    for op in ops {
        let refusal = TestNetwork::of(node(op, &["x"], "z")).refusal();
        assert_eq!(
            refusal,
            format!(
                "node 'a {op}' ({op}): this op cannot be imported; dabnet import --help lists those that can"
            )
        );
    }
    let foreign = NodeMessage { domain: "com.microsoft".into(), ..node("Relu", &["x"], "z") };
    assert!(TestNetwork::of(foreign).refusal().contains("(com.microsoft.Relu)"));
}

#[test]
fn attributes_and_shapes_that_cannot_be_imported_are_named() {
    let clip = |low: &str, high: &str| node("Clip", &["x", low, high], "z");
    let mean = |axes: &[i64]| with(node("ReduceMean", &["x"], "z"), ints("axes", axes));
    let cases: Vec<(NodeMessage, &str)> = vec![
        (conv(ints("strides", &[1, 2])), "strides are [1, 2]"),
        (conv(ints("strides", &[0, 0])), "strides is [0, 0]"),
        (conv(ints("dilations", &[9, 9])), "would be a square of 19"),
        (conv(ints("pads", &[1, 1])), "pads is [1, 1]"),
        (conv(ints("pads", &[-1, 0, 0, 0])), "pads is [-1, 0, 0, 0]"),
        (conv(ints("pads", &[3, 0, 0, 0])), "padding [3, 0, 0, 0] do not fit"),
        (conv(int("group", 2)), "in 2 groups do not fit"),
        (conv(int("group", 0)), "group is not positive"),
        (conv(ints("kernel_shape", &[2, 2])), "kernel_shape is not the [3, 3]"),
        (conv(int("transposed", 1)), "an attribute 'transposed'"),
        (node("Conv", &["x", "long"], "z"), "would be a square of 30"),
        (node("Conv", &["x", "plane"], "z"), "its weights have 2 dimensions"),
        (node("Conv", &["x", "w", "one"], "z"), "its bias has shape []"),
        (node("Conv", &["x", "flat"], "z"), "'flat' is not constant numbers"),
        (node("Conv", &["x"], "z"), "has no input 1"),
        (pool("MaxPool", ints("dilations", &[2, 2])), "dilations are not 1"),
        (pool("MaxPool", ints("strides", &[2, 1])), "strides are [2, 1]"),
        (pool("MaxPool", int("storage_order", 1)), "storage_order is 1"),
        (pool("AveragePool", ints("kernel_shape", &[2, 3])), "kernel_shape is [2, 3]"),
        (node("MaxPool", &["x"], "z"), "has no kernel_shape"),
        (clip("high", "plane"), "max has shape [8, 8]"),
        (clip("high", "low"), "clips to 0.5 and 0.5"),
        (node("PRelu", &["x", "plane"], "z"), "shape [8, 8] is not one number a channel"),
        (node("PRelu", &["x"], "z"), "has no input 1"),
        (node("BatchNormalization", &["x", "channels", "one", "one", "one"], "z"), "2 values for 1 channels"),
        (node("Add", &["x", "rows"], "z"), "shape [8, 1] is not one number a channel"),
        (node("Add", &["one", "one"], "z"), "its input 0 is a constant"),
        (mean(&[2]), "axes [2] are not rows and columns"),
        (mean(&[0, 2, 3]), "axes [0, 2, 3] are not"),
        (node("MatMul", &["matrix", "x"], "z"), "its input 0 is a constant"),
        (node("MatMul", &["x", "matrix"], "z"), "64 inputs do not fit extents [1, 8, 8]"),
        (node("Gemm", &["x", "matrix"], "z"), "its input has extents [1, 8, 8]"),
        (with(node("Gemm", &["x", "matrix"], "z"), int("transA", 1)), "transA is 1"),
        (with(node("Flatten", &["x"], "z"), int("axis", 2)), "axis is 2"),
        (node("Reshape", &["x", "cut"], "z"), "without cutting channels"),
        (node("Reshape", &["x", "batchless"], "z"), "does not keep the batch"),
        (with(node("Transpose", &["x"], "z"), ints("perm", &[1, 0, 2, 3])), "the batch has to stay first"),
        (with(node("Transpose", &["x"], "z"), ints("perm", &[0, 2, 2, 3])), "perm is [0, 2, 2, 3]"),
        (with(node("Squeeze", &["x"], "z"), ints("axes", &[2])), "axes [2] are not all of one element"),
        (with(node("Concat", &["x", "x"], "z"), int("axis", 2)), "is not channels alone"),
        (with(node("Softmax", &["x"], "z"), int("axis", 1)), "is not over labels"),
        (with(node("Cast", &["x"], "z"), int("to", 7)), "to is 7"),
        (node("Relu", &["nothing"], "z"), "reads 'nothing', which nothing before it gives"),
        (node("Relu", &["z"], "z"), "reads 'z', which nothing before it gives"),
        (node("Relu", &[], "z"), "has no input 0"),
    ];
    for (node, reason) in cases {
        let start = format!("node '{}' ({}): ", node.name, node.op);
        let refusal = TestNetwork::of(node).refusal();
        assert!(refusal.starts_with(&start) && refusal.contains(reason), "{refusal}, not {reason}");
    }
}

#[test]
fn what_is_given_twice_is_named() {
    let mut file = TestNetwork::of(node("Conv", &["x", "w"], "z"));
    file.nodes.insert(1, node("Relu", &["x"], "z"));
    assert!(file.refusal().contains("gives 'z', which is given already"), "{}", file.refusal());
    let mut file = TestNetwork::of(node("Conv", &["x", "w"], "z"));
    file.tensors.push(floats("w", &[2, 1, 3, 3]));
    assert!(file.refusal().contains("two tensors called 'w'"), "{}", file.refusal());
}

/// A list of layers has commas, and colons and equals signs mean something in it.
#[test]
fn names_can_stand_in_lists_of_layers() {
    for (weights, layer) in [("a,b:c=d.weight", "a_b_c_d"), ("auto.weight", "auto_")] {
        let mut file = TestNetwork::of(node("Conv", &["x", weights], "z"));
        file.tensors.push(floats(weights, &[2, 1, 3, 3]));
        let graph = file.import().unwrap().graph;
        assert_eq!(graph.convolutions().next().unwrap().1.name, layer);
    }
}

#[test]
fn answers_that_are_no_numbers_are_refused() {
    let mut file = TestNetwork::of(node("Conv", &["x", "huge"], "z"));
    let float_data = vec![3e38; 18];
    file.tensors.push(TensorMessage { float_data, ..floats("huge", &[2, 1, 3, 3]) });
    assert!(file.refusal().contains("full of ink gives an answer that is no number"), "{}", file.refusal());
}

#[test]
fn ops_of_another_time_are_refused() {
    for opset in [0, 99] {
        let file = TestNetwork { opset, ..TestNetwork::of(node("GlobalAveragePool", &["x"], "y")) };
        assert!(file.refusal().contains(&format!("opset {opset}")), "{}", file.refusal());
    }
}

#[test]
fn a_softmax_before_the_end_is_named() {
    let mut file = TestNetwork::of(node("GlobalAveragePool", &["x"], "mean"));
    file.nodes[1] = with(node("Softmax", &["mean"], "shares"), int("axis", 1));
    file.nodes.push(node("Relu", &["shares"], "y"));
    assert!(file.refusal().contains("reads probabilities of 'a Softmax'"), "{}", file.refusal());
}

#[test]
fn inputs_that_are_no_canvas_are_named() {
    let shaped =
        |input: &[i64]| TestNetwork { input: input.to_vec(), ..TestNetwork::of(node("Relu", &["x"], "z")) };
    for (input, reason) in [
        (&[-1, 2, 8, 8][..], "no batch of square pictures"),
        (&[-1, 1, 8, 9], "a canvas is square"),
        (&[-1, 3, 8, 8], "give --rgb"),
        (&[-1, 1, -1, -1], "give --side"),
        (&[-1, 1, 1 << 40, 1 << 40], "at most 1024"),
        (&[-1, 65], "no batch of square pictures"),
        (&[], "no batch of square pictures"),
    ] {
        let refusal = shaped(input).refusal();
        assert!(refusal.contains(reason), "{input:?}: {refusal}");
    }
}

#[test]
fn a_network_of_one_channel_sees_no_colors() {
    let file = TestNetwork { input: vec![-1, 1, 8, 8], ..TestNetwork::of(node("Relu", &["x"], "z")) };
    let rgb = ImportOptions { rgb: true, ..ImportOptions::default() };
    let refusal = import_with(file.encode(), &rgb).unwrap_err().to_string();
    assert!(refusal.contains("has 1 channels: --rgb is for networks of 3"), "{refusal}");
}

#[test]
fn tensors_that_lie_are_damage() {
    let small = floats("w", &[2, 1, 3, 3]);
    let huge = vec![1 << 40, 1 << 40, 3, 3];
    let outside = |location: &str| TensorMessage {
        float_data: vec![],
        data_location: 1,
        external_data: vec![bytes(&StringEntryMessage { key: "location".into(), value: location.into() })],
        ..small.clone()
    };
    for (tensor, reason) in [
        (TensorMessage { dims: huge.clone(), ..small.clone() }, "more than the"),
        (TensorMessage { dims: vec![-1, 1, 3, 3], ..small.clone() }, "has -1 as an extent"),
        (TensorMessage { dims: vec![1; 99], ..small.clone() }, "has 99 dimensions"),
        (TensorMessage { dims: vec![3, 1, 3, 3], ..small.clone() }, "has 18 elements, its shape needs 27"),
        (
            TensorMessage { raw_data: Some(vec![0; 7].into()), ..small.clone() },
            "has 7 bytes, its shape needs 72",
        ),
        (TensorMessage { data_type: 9, ..small.clone() }, "elements of bool"),
        (TensorMessage { data_type: 99, ..small.clone() }, "elements of type 99"),
        (TensorMessage { dims: huge, ..outside("weights.bin") }, "more than the"),
        (outside("../weights.bin"), "not in the folder of the model"),
        (outside("/etc/hostname"), "not in the folder of the model"),
        (outside("there is no such file"), "needs 72 bytes from 0 on of"),
    ] {
        let mut file = TestNetwork::of(node("Conv", &["x", "w"], "z"));
        file.tensors = vec![tensor];
        let refusal = file.refusal();
        assert!(refusal.contains("tensor 'w'") && refusal.contains(reason), "{refusal}, not {reason}");
    }
    let mut file = TestNetwork::of(node("Conv", &["x", "w"], "z"));
    file.tensors = vec![TensorMessage { float_data: vec![f32::NAN; 18], ..small }];
    assert!(file.refusal().contains("a weight is not a finite number"));
}

/// Decoding of every type, from bytes and from the fields of numbers.
#[test]
fn elements_of_all_types_are_read() {
    let weights = [0.5_f32, -1.25, 3.0, 0.0, 1.0, 2.0, -0.75, 8.0, 0.25];
    let raw =
        |of: &dyn Fn(f32) -> Vec<u8>| Some(weights.iter().flat_map(|&it| of(it)).collect::<Vec<_>>().into());
    let half = |it: f32| half::f16::from_f32(it).to_bits();
    let brain = |it: f32| half::bf16::from_f32(it).to_bits();
    let bits = |of: &dyn Fn(f32) -> u16| weights.iter().map(|&it| i32::from(of(it))).collect::<Vec<_>>();
    let empty = TensorMessage { name: "w".into(), dims: vec![1, 1, 3, 3], ..TensorMessage::default() };
    for (data_type, tensor) in [
        (1, TensorMessage { float_data: weights.into(), ..empty.clone() }),
        (1, TensorMessage { raw_data: raw(&|it| it.to_le_bytes().into()), ..empty.clone() }),
        (10, TensorMessage { int32_data: bits(&half), ..empty.clone() }),
        (10, TensorMessage { raw_data: raw(&|it| half(it).to_le_bytes().into()), ..empty.clone() }),
        (11, TensorMessage { double_data: weights.map(f64::from).into(), ..empty.clone() }),
        (11, TensorMessage { raw_data: raw(&|it| f64::from(it).to_le_bytes().into()), ..empty.clone() }),
        (16, TensorMessage { int32_data: bits(&brain), ..empty.clone() }),
        (16, TensorMessage { raw_data: raw(&|it| brain(it).to_le_bytes().into()), ..empty.clone() }),
    ] {
        let mut file = TestNetwork::of(node("Conv", &["x", "w"], "z"));
        file.tensors = vec![TensorMessage { data_type, ..tensor }];
        let packed = file.import().unwrap_or_else(|error| panic!("type {data_type}: {error}"));
        assert_eq!(packed.dense("a Conv").unwrap(), weights, "type {data_type}");
    }
}

#[test]
fn tensors_are_read_from_files_beside_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<u8> = (0..12).flat_map(|at| (at as f32).to_le_bytes()).collect();
    std::fs::write(folder.path().join("weights.bin"), values).unwrap();
    let entries = [("location", "weights.bin"), ("offset", "8"), ("length", "36")];
    let entry =
        |(key, value): (&str, &str)| bytes(&StringEntryMessage { key: key.into(), value: value.into() });
    let outside = TensorMessage {
        data_location: 1,
        float_data: vec![],
        external_data: entries.map(entry).into(),
        ..floats("w", &[1, 1, 3, 3])
    };
    let mut file = TestNetwork::of(node("Conv", &["x", "w"], "z"));
    file.tensors = vec![outside.clone()];
    let path = folder.path().join("network.onnx");
    std::fs::write(&path, file.encode()).unwrap();
    let canvas = |side| Canvas { side, line_width: 0.1, margin: 0.0, mean: 0.0, std: 1.0 };
    let import =
        || crate::import::import(&path, &ImportOptions::default(), |side| Preprocessing::lines(canvas(side)));
    let weights: Vec<f32> = (2..11).map(|at| at as f32).collect();
    assert_eq!(import().unwrap().dense("a Conv").unwrap(), weights);
    std::fs::write(folder.path().join("weights.bin"), [0; 43]).unwrap();
    let error = import().unwrap_err().to_string();
    assert!(error.contains("needs 36 bytes from 8 on") && error.contains("43 bytes"), "{error}");
}

#[test]
fn what_is_no_onnx_is_said_to_be_none() {
    for file in [&b""[..], b"no file", &[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0x0b; 9], &[0xff; 64]] {
        let error = import(file.to_vec()).unwrap_err().to_string();
        assert!(error.starts_with("network.onnx is no ONNX model, or damaged: "), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

/// Two bytes a field, each of which would take tens in memory.
#[test]
fn a_message_of_too_many_fields_is_damage() {
    let graph = GraphMessage { nodes: vec![Bytes::new(); 1 << 17], ..GraphMessage::default() };
    let error =
        import(ModelMessage { graph: Some(bytes(&graph)), ..ModelMessage::default() }.encode_to_vec())
            .unwrap_err();
    assert!(error.to_string().contains("more than 65536 fields"), "{error}");
}

proptest! {
    /// A file that is changed anywhere is imported or refused in a line.
    #[test]
    fn damage_is_never_a_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut file = TestNetwork::of(conv(ints("pads", &[1, 1, 1, 1]))).encode();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if cuts {
            file.truncate(cut.index(file.len()));
        }
        if let Err(error) = import(file) {
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }
}

/// A tensor of signed bytes.
fn signed_bytes(name: &str, dims: &[i64], values: &[i8]) -> TensorMessage {
    let raw = values.iter().map(|value| value.cast_unsigned()).collect::<Vec<u8>>();
    let raw_data = Some(raw.into());
    TensorMessage { name: name.into(), dims: dims.to_vec(), data_type: 3, raw_data, ..Default::default() }
}

fn float_tensor(name: &str, dims: &[i64], values: &[f32]) -> TensorMessage {
    let float_data = values.to_vec();
    TensorMessage { name: name.into(), dims: dims.to_vec(), data_type: 1, float_data, ..Default::default() }
}

#[test]
fn pairs_around_integers_fold() {
    let integers: Vec<i8> = (0..18).map(|it| 7 * it - 60).collect();
    let mut file = TestNetwork::of(node("Conv", &["x", "weights"], "z"));
    file.nodes.splice(
        0..0,
        [
            node("QuantizeLinear", &["x", "step", "zero"], "levels"),
            node("DequantizeLinear", &["levels", "step", "zero"], "same"),
            NodeMessage {
                attributes: vec![bytes(&AttributeMessage {
                    name: "axis".into(),
                    int: Some(0),
                    ..Default::default()
                })],
                ..node("DequantizeLinear", &["integers", "scales"], "weights")
            },
        ],
    );
    file.nodes[3].inputs[0] = "same".into();
    file.tensors = vec![
        float_tensor("step", &[], &[0.02]),
        signed_bytes("zero", &[], &[-128]),
        float_tensor("other", &[], &[0.03]),
        signed_bytes("integers", &[2, 1, 3, 3], &integers),
        float_tensor("scales", &[2], &[0.5, 0.25]),
    ];
    let packed = file.import().unwrap();
    let expected: Vec<f32> =
        integers.iter().enumerate().map(|(at, it)| f32::from(*it) * [0.5, 0.25][at / 9]).collect();
    let name = &packed.graph.convolutions().next().unwrap().1.name;
    assert_eq!(packed.dense(name).unwrap(), expected);
    // What integers cannot be, a ReLU among it, stays.
    let (low, high) = (0.0, 255.0 * 0.02);
    assert!(packed.graph.nodes().iter().any(|node| node.op == Op::Clip { low, high }));
    file.nodes[1].inputs[1] = "other".into();
    assert!(file.refusal().contains("another scale or zero point"), "{}", file.refusal());
}

#[test]
fn two_values_behind_a_sign_are_a_binary_layer() {
    let weights: Vec<f32> =
        (0..18).map(|at| if at % 3 == 0 { 0.5 } else { -0.25 } * (1 + at / 9) as f32).collect();
    let import = |first: &str, weights: &[f32]| {
        let mut file = TestNetwork::of(node("Conv", &["s", "w"], "z"));
        file.nodes.insert(0, node(first, &["x"], "s"));
        file.tensors = vec![float_tensor("w", &[2, 1, 3, 3], weights)];
        let packed = file.import().unwrap();
        packed.graph.convolutions().next().unwrap().2.precision
    };
    assert_eq!(import("Sign", &weights), Precision::Fbin);
    assert_eq!(import("Relu", &weights), Precision::Full);
    let third: Vec<f32> =
        weights.iter().enumerate().map(|(at, it)| if at == 4 { 0.0 } else { *it }).collect();
    assert_eq!(import("Sign", &third), Precision::Full);
    // A sign of other values than +1 and -1, and a bound that is not 0.
    for (bound, choices, reason) in [(0.0, [1.0, 0.0], "only 1 and -1"), (0.5, [1.0, -1.0], "only with 0")] {
        let mut file = TestNetwork::of(node("Where", &["p", "up", "down"], "z"));
        file.nodes.insert(0, node("GreaterOrEqual", &["x", "bound"], "p"));
        file.tensors = vec![
            float_tensor("bound", &[], &[bound]),
            float_tensor("up", &[], &choices[..1]),
            float_tensor("down", &[], &choices[1..]),
        ];
        assert!(file.refusal().contains(reason), "{}", file.refusal());
    }
}

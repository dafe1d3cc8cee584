//! The model file: what is written comes back, and nothing else is believed.

mod common;

use std::{collections::BTreeMap, env, fs, path::Path};

use common::{
    Numbers,
    container::{Container, header_len, join, split},
    lines,
    network::network,
    packed,
};
use dabnet_engine::{Calibration, EmbeddingStatistics, EngineError, NodeParameters, PackedModel};
use dabnet_graph::{Conv2d, Graph, Node, Op, Padding, Policy, Precision, Shape, WeightFormat};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Of the bytes of a file, which are damaged: Miri takes some thousand times as long.
const STEP: usize = if cfg!(miri) { 499 } else { 1 };

/// The network that the specification shows is one.
#[test]
fn the_example_of_the_specification_is_a_network() {
    let specification = include_str!("../../../docs/file-format.md");
    let (_, example) = specification.split_once("```json\n").unwrap();
    let nodes: Value = serde_json::from_str(example.split_once("```").unwrap().0).unwrap();
    let graph = json!({ "architecture": "example", "policy": "fbin", "nodes": nodes });
    let graph: Graph = serde_json::from_value(graph).unwrap();
    assert_eq!(graph.outputs(), 4);
}

/// A model of every kind of parameter, every number of it written down here.
fn tiny() -> PackedModel {
    let conv = |out_channels, kernel, precision| Conv2d {
        out_channels,
        kernel,
        stride: 1,
        padding: Padding::NONE,
        groups: 1,
        precision,
        weight_format: WeightFormat::F32,
    };
    let (full, fbin) = (conv(3, 1, Precision::Full), conv(2, 2, Precision::Fbin));
    let (wbin, last) = (conv(1, 1, Precision::Wbin), conv(1, 7, Precision::Full));
    let ops = [
        ("input", Op::Input { shape: Shape::new(1, 8, 8) }),
        ("first", Op::Conv2d(full)),
        ("first.norm", Op::BatchNorm { epsilon: 1e-5 }),
        ("sign", Op::Sign),
        ("bits", Op::Conv2d(fbin)),
        ("relu", Op::Relu),
        ("mixed", Op::Conv2d(wbin)),
        ("last", Op::Conv2d(last)),
    ];
    let nodes = ops.into_iter().enumerate().map(|(id, (name, op))| Node {
        name: name.into(),
        op,
        inputs: if id == 0 { Vec::new() } else { vec![id - 1] },
    });
    let graph = Graph::new("tiny".into(), Policy::Fbin, nodes.collect()).unwrap();
    let selected: Vec<bool> = (0..24).map(|weight| weight % 5 < 2).collect();
    let parameters = BTreeMap::from([
        ("first".into(), NodeParameters::Float { weights: vec![0.5, -1.0, 2.0] }),
        (
            "first.norm".into(),
            NodeParameters::Channels(
                [("scale", vec![1.0, -1.0, 0.5]), ("shift", vec![-0.25, 0.5, 0.0])].into(),
            ),
        ),
        (
            "bits".into(),
            NodeParameters::binary(&fbin, 3, &selected, vec![0.75, 0.5], vec![-0.25, -1.0]).unwrap(),
        ),
        ("mixed".into(), NodeParameters::binary(&wbin, 2, &[true, false], vec![1.5], vec![-0.5]).unwrap()),
        ("last".into(), NodeParameters::Float { weights: (0..49).map(|i| i as f32 / 16.0 - 1.0).collect() }),
    ]);
    PackedModel {
        graph,
        labels: vec!["a “label”".into()],
        preprocessing: lines(8),
        provenance: BTreeMap::from([
            ("seed".into(), json!(7)),
            ("top1".into(), json!(0.123_456_789_012_345_67)),
        ]),
        parameters,
        calibration: None,
    }
}

/// [`tiny`] with its first and last layer in eight bits, one filter of zeros and without a scale among them.
fn tiny_in_eight_bits() -> PackedModel {
    let mut model = tiny();
    let mut json = serde_json::to_value(&model.graph).unwrap();
    [1, 7].into_iter().for_each(|node| json["nodes"][node]["op"]["weights"] = json!("i8"));
    model.graph = serde_json::from_value(json).unwrap();
    let first = NodeParameters::Quantized { weights: vec![127, 0, -127], scale: vec![0.5, 0.0, 0.1] };
    let last = NodeParameters::quantized(&tiny().dense("last").unwrap(), 49);
    model.parameters.extend([("first".into(), first), ("last".into(), last)]);
    model
}

/// [`tiny_in_eight_bits`] behind a global pooling, so that it has an embedding, with a calibration.
fn tiny_calibrated() -> PackedModel {
    let mut model = tiny_in_eight_bits();
    let mut json = serde_json::to_value(&model.graph).unwrap();
    json["nodes"][7]["op"]["kernel"] = json!(1);
    let pool = json!({ "name": "pool", "op": { "type": "global_avg_pool" }, "inputs": [6] });
    let nodes = json["nodes"].as_array_mut().unwrap();
    nodes.insert(7, pool);
    nodes[8]["inputs"] = json!([7]);
    model.graph = serde_json::from_value(json).unwrap();
    model.parameters.insert("last".into(), NodeParameters::quantized(&[0.5], 1));
    assert_eq!(model.graph.embedding_len(), 1);
    model.calibration = Some(Calibration {
        temperature: 0.75,
        least_energy: -2.5,
        share: 0.95,
        count: 50,
        embedding: Some(EmbeddingStatistics {
            mean: vec![0.25],
            median: vec![0.125],
            deviation: vec![0.0],
            directions: vec![127, -3],
            direction_scale: vec![0.5, 0.0],
            taught: BTreeMap::from([("a “label”".into(), vec![1.5])]),
        }),
    });
    model
}

fn error(bytes: &[u8]) -> String {
    let text = PackedModel::from_bytes(bytes).expect_err("a bad file was accepted").to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

/// Of every version.
#[test]
fn golden_files_have_not_changed() {
    let models = [
        ("tiny", "2", tiny()),
        ("tiny-i8", "3", tiny_in_eight_bits()),
        ("tiny-calibrated", "4", tiny_calibrated()),
    ];
    for (name, version, model) in models {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.safetensors"));
        if env::var_os("DABNET_BLESS").is_some() {
            fs::write(&path, model.to_bytes().unwrap()).unwrap();
        }
        assert_eq!(PackedModel::load(&path).unwrap(), model);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes, model.to_bytes().unwrap());
        assert_eq!(Container::read(&bytes).metadata["version"], version);
    }
}

#[test]
fn eight_bits_are_multiples_of_a_scale() {
    let model = PackedModel::from_bytes(&tiny_in_eight_bits().to_bytes().unwrap()).unwrap();
    assert_eq!(model.dense("first").unwrap(), [63.5, 0.0, -127.0 * 0.1]);
    let (found, real) = (model.dense("last").unwrap(), tiny().dense("last").unwrap());
    for (found, real) in found.iter().zip(&real) {
        assert!((found - real).abs() <= 1.001 * 2.0 / 127.0 / 2.0, "{found} {real}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 40 }))]

    #[test]
    fn what_is_written_comes_back(
        net in network(&[Precision::Full, Precision::Wbin, Precision::Fbin]),
        seed: u64,
    ) {
        let model = packed(net.graph(false), Numbers::Real, seed);
        let bytes = model.to_bytes().unwrap();
        let read = PackedModel::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&read, &model);
        prop_assert_eq!(read.to_bytes().unwrap(), bytes);
    }

    /// The bits of a filter are where the specification says.
    #[test]
    fn binary_weights_come_back(
        (conv, in_channels, selected) in (1..5_usize, 1..20_usize, 1..4_usize).prop_flat_map(|(o, i, kernel)| {
            let conv = Conv2d { out_channels: o, kernel, stride: 1, padding: Padding::NONE, groups: 1, precision: Precision::Wbin, weight_format: WeightFormat::F32 };
            (Just(conv), Just(i), prop::collection::vec(any::<bool>(), conv.weights(i)))
        }),
    ) {
        let nodes = vec![
            Node { name: "in".into(), op: Op::Input { shape: Shape::new(in_channels, 8, 8) }, inputs: vec![] },
            Node { name: "conv".into(), op: Op::Conv2d(conv), inputs: vec![0] },
        ];
        let graph = Graph::new("one".into(), Policy::Wbin, nodes).unwrap();
        let mut model = PackedModel::random(graph, lines(8), 0);
        let alpha: Vec<f32> = (0..conv.out_channels).map(|filter| 1.0 + filter as f32).collect();
        let beta: Vec<f32> = alpha.iter().map(|alpha| -alpha).collect();
        let parameters = NodeParameters::binary(&conv, in_channels, &selected, alpha.clone(), beta).unwrap();
        let NodeParameters::Binary { bits, .. } = &parameters else { panic!("not binary") };
        let (taps, filter) = (conv.kernel * conv.kernel, conv.filter_len(in_channels));
        for (index, &selected) in selected.iter().enumerate() {
            let (o, i, tap) = (index / filter, index % filter / taps, index % taps);
            let bit = tap * in_channels + i;
            prop_assert_eq!(bits[o * filter.div_ceil(8) + bit / 8] >> (bit % 8) & 1 == 1, selected);
        }
        model.parameters.insert("conv".into(), parameters);
        let dense = model.dense("conv").unwrap();
        for (index, (&weight, &selected)) in dense.iter().zip(&selected).enumerate() {
            prop_assert_eq!(weight, alpha[index / filter] * if selected { 1.0 } else { -1.0 });
        }
    }
}

/// The worked example of the specification.
#[test]
fn bit_order_is_that_of_the_example() {
    let conv = Conv2d {
        out_channels: 1,
        kernel: 2,
        stride: 1,
        padding: Padding::NONE,
        groups: 1,
        precision: Precision::Wbin,
        weight_format: WeightFormat::F32,
    };
    let selected = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1].map(|bit| bit == 1);
    let parameters = NodeParameters::binary(&conv, 3, &selected, vec![0.5], vec![-0.25]).unwrap();
    let NodeParameters::Binary { bits, .. } = parameters else { panic!("not binary") };
    assert_eq!(bits, [0x19, 0x0d]);
}

#[test]
fn a_bad_rprelu_is_refused() {
    let ops = [Op::Input { shape: Shape::new(2, 8, 8) }, Op::RPReLU];
    let nodes = ops.into_iter().enumerate().map(|(id, op)| {
        let inputs = id.checked_sub(1).into_iter().collect();
        Node { name: format!("n{id}"), op, inputs }
    });
    let graph = Graph::new("bent".into(), Policy::Full, nodes.collect()).unwrap();
    let refused = |threshold: &[f32], slope: &[f32], shift: &[f32]| {
        let values = [("threshold", threshold), ("slope", slope), ("shift", shift)];
        let values = values.map(|(name, values)| (name, values.to_vec()));
        let mut model = PackedModel::random(graph.clone(), lines(8), 0);
        model.parameters.insert("n1".into(), NodeParameters::Channels(values.into()));
        model.check().map_err(|error| error.to_string())
    };
    let good = [1.0, -2.0];
    assert_eq!(refused(&good, &good, &good), Ok(()));
    for (found, field) in [
        (refused(&[1.0], &good, &good), "n1.threshold"),
        (refused(&good, &[1.0, f32::NAN], &good), "n1.slope"),
        (refused(&good, &good, &[f32::INFINITY, 1.0]), "n1.shift"),
    ] {
        let error = found.unwrap_err();
        assert!(error.contains(field), "{field}: {error}");
    }
    for names in [&["threshold", "slope"][..], &["threshold", "slope", "bend"], &["scale", "shift"]] {
        let values = names.iter().map(|&name| (name, good.to_vec()));
        let mut model = PackedModel::random(graph.clone(), lines(8), 0);
        model.parameters.insert("n1".into(), NodeParameters::Channels(values.collect()));
        let error = model.check().unwrap_err().to_string();
        assert!(error.contains("not of the kind that the graph says"), "{names:?}: {error}");
    }
}

#[test]
fn rewriting_in_another_order_keeps_the_file_valid() {
    let bytes = tiny().to_bytes().unwrap();
    let rewritten = Container::read(&bytes).write();
    assert_ne!(rewritten, bytes);
    assert_eq!(PackedModel::from_bytes(&rewritten).unwrap(), tiny());
    assert_eq!(Container::read(&bytes).sealed(), rewritten, "the checksum is not the specification's");
}

#[test]
fn flipped_header_bytes_are_noticed_or_mean_nothing() {
    let bytes = tiny().to_bytes().unwrap();
    for at in (0..8 + header_len(&bytes)).step_by(STEP) {
        for mask in [0x01, 0x02, 0x20, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= mask;
            if let Ok(model) = PackedModel::from_bytes(&flipped) {
                assert_eq!(model, tiny(), "byte {at} ^ {mask:#x}");
            }
        }
    }
}

#[test]
fn flipped_data_bytes_are_noticed() {
    let bytes = tiny().to_bytes().unwrap();
    for at in (8 + header_len(&bytes)..bytes.len()).step_by(STEP) {
        for mask in [0x01, 0x20, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at] ^= mask;
            assert!(error(&flipped).contains("checksum"));
        }
    }
}

#[test]
fn truncated_files_are_errors() {
    let bytes = tiny().to_bytes().unwrap();
    for len in (0..bytes.len()).step_by(STEP) {
        error(&bytes[..len]);
    }
    error(&[&bytes[..], &[0]].concat());
}

/// Changes that keep the container and the checksum valid, and what the error must name.
#[test]
fn bad_content_is_named() {
    type Change = fn(&mut Container);
    let changes: &[(Change, &[&str])] = &[
        (|c| drop(c.metadata.insert("format".into(), "other".into())), &["'format'", "other"]),
        (|c| drop(c.metadata.insert("version".into(), "5".into())), &["'version'", "'5'", "'4'"]),
        (|c| drop(c.metadata.insert("version".into(), "1".into())), &["'version'", "'1'", "'4'", "anew"]),
        (|c| drop(c.metadata.insert("more".into(), "x".into())), &["'more'"]),
        (|c| drop(c.metadata.remove("labels")), &["'labels'", "missing"]),
        (|c| drop(c.metadata.insert("labels".into(), "[]".into())), &["'labels'", "0 labels"]),
        (|c| drop(c.metadata.insert("labels".into(), "[1]".into())), &["'labels'"]),
        (|c| drop(c.metadata.insert("provenance".into(), "[]".into())), &["'provenance'"]),
        (|c| drop(c.metadata.insert("graph".into(), "{".into())), &["'graph'"]),
        (|c| edit(c, "graph", |graph| graph["nodes"][4]["inputs"] = json!([9])), &["'graph'", "'bits'"]),
        (
            |c| edit(c, "graph", |graph| graph["nodes"][0]["op"]["shape"]["height"] = json!(1_u64 << 40)),
            &["'graph'"],
        ),
        (
            |c| edit(c, "graph", |graph| graph["nodes"][4]["op"]["out_channels"] = json!(1 << 20)),
            &["bits", "needs"],
        ),
        (|c| edit(c, "preprocessing", |it| it["canvas"]["side"] = json!(9)), &["'preprocessing'", "9"]),
        (|c| edit(c, "preprocessing", |it| it["canvas"]["std"] = json!(0.0)), &["'preprocessing'", "std"]),
        (|c| edit(c, "preprocessing", |it| it["version"] = json!(2)), &["'preprocessing'", "version is 2"]),
        (|c| edit(c, "preprocessing", |it| it["look"] = json!("dots")), &["'preprocessing'", "dots"]),
        (|c| edit(c, "preprocessing", |it| it["look"] = json!("bitmap")), &["'preprocessing'", "side"]),
        (|c| drop(c.tensors.remove("bits.alpha")), &["'bits.alpha'", "missing"]),
        (|c| drop(c.tensors.insert("stray".into(), c.tensors["bits.beta"].clone())), &["'stray'"]),
        (|c| tensor(c, "bits.bits").dtype = "I8".into(), &["'bits.bits'", "I8", "U8"]),
        (|c| tensor(c, "bits.bits").shape = vec![4, 1], &["'bits.bits'", "[4, 1]", "[2, 2]"]),
        (|c| tensor(c, "bits.bits").data[1] |= 0x10, &["'bits.bits'", "filter 0"]),
        (|c| float(c, "last.weight", 48, f32::NAN), &["'last.weight'", "48"]),
        (|c| float(c, "bits.beta", 1, f32::NEG_INFINITY), &["'bits.beta'", "element 1"]),
        (|c| float(c, "first.norm.shift", 2, f32::INFINITY), &["'first.norm.shift'", "element 2"]),
    ];
    for (at, (change, needles)) in changes.iter().enumerate() {
        let mut container = Container::read(&tiny().to_bytes().unwrap());
        change(&mut container);
        let text = error(&container.sealed());
        assert!(needles.iter().all(|needle| text.contains(needle)), "change {at}: {text}");
    }
}

/// Damage to 8-bit weights is an error that names the field.
#[test]
fn bad_integers_and_scales_are_named() {
    type Change = fn(&mut Container);
    let changes: &[(Change, &[&str])] = &[
        (
            |c| drop(c.metadata.insert("version".into(), "2".into())),
            &["'version'", "'2'", "eight bits", "'3'"],
        ),
        (|c| drop(c.tensors.remove("first.scale")), &["'first.scale'", "missing"]),
        (|c| tensor(c, "last.weight").data[7] = 0x80, &["'last.weight'", "element 7", "-128"]),
        (|c| tensor(c, "last.weight").dtype = "U8".into(), &["'last.weight'", "U8", "I8"]),
        (|c| tensor(c, "first.weight").shape = vec![3], &["'first.weight'", "[3]", "[3, 1, 1, 1]"]),
        (|c| float(c, "first.scale", 2, -0.5), &["'first.scale'", "element 2", "-0.5"]),
        (|c| float(c, "first.scale", 1, f32::NAN), &["'first.scale'", "element 1"]),
        (|c| float(c, "last.scale", 0, f32::INFINITY), &["'last.scale'", "element 0"]),
        (
            |c| edit(c, "graph", |graph| graph["nodes"][4]["op"]["weights"] = json!("i8")),
            &["'graph'", "bits"],
        ),
        (|c| edit(c, "graph", |graph| graph["nodes"][7]["op"]["weights"] = json!("i4")), &["'graph'", "i4"]),
        (|c| edit(c, "graph", |graph| graph["nodes"][7]["op"]["weights"] = json!("f32")), &["'last.weight'"]),
    ];
    for (at, (change, needles)) in changes.iter().enumerate() {
        let mut container = Container::read(&tiny_in_eight_bits().to_bytes().unwrap());
        change(&mut container);
        let text = error(&container.sealed());
        assert!(needles.iter().all(|needle| text.contains(needle)), "change {at}: {text}");
    }
    // Nothing is wrong with a newer version than is needed, nor with the other zero.
    let mut container = Container::read(&tiny().to_bytes().unwrap());
    container.metadata.insert("version".into(), "3".into());
    assert_eq!(PackedModel::from_bytes(&container.sealed()).unwrap(), tiny());
    let mut container = Container::read(&tiny_in_eight_bits().to_bytes().unwrap());
    float(&mut container, "first.scale", 1, -0.0);
    PackedModel::from_bytes(&container.sealed()).unwrap();
}

fn tensor<'a>(container: &'a mut Container, name: &str) -> &'a mut common::container::Tensor {
    container.tensors.get_mut(name).unwrap()
}

fn float(container: &mut Container, name: &str, element: usize, value: f32) {
    tensor(container, name).data[4 * element..][..4].copy_from_slice(&value.to_le_bytes());
}

fn edit(container: &mut Container, entry: &str, change: fn(&mut Value)) {
    let mut value = serde_json::from_str(&container.metadata[entry]).unwrap();
    change(&mut value);
    container.metadata.insert(entry.into(), value.to_string());
}

/// Headers that lie about the container itself.
#[test]
fn hostile_headers_are_errors() {
    let bytes = tiny().to_bytes().unwrap();
    let (header, data) = split(&bytes);
    let with = |field: &str, value: Value| {
        let mut header = header.clone();
        header["bits.bits"][field] = value;
        join(&header.to_string(), data)
    };
    let end = data.len();
    for bytes in [
        with("shape", json!([u64::MAX, u64::MAX])),
        with("shape", json!([1_u64 << 40, 1])),
        with("shape", json!([-1, 2])),
        with("shape", json!("2")),
        with("dtype", json!("F128")),
        with("dtype", json!("F4")),
        with("data_offsets", json!([0, 4])),
        with("data_offsets", json!([end, end + 4])),
        with("data_offsets", json!([end, end - 4])),
        with("data_offsets", json!([u64::MAX, u64::MAX])),
        join("", &[]),
        join("{}", &[]),
        join("[]", data),
        join(&"[".repeat(100_000), data),
        join(r#"{"__metadata__":{"format":"dabnet","version":1}}"#, &[]),
        u64::MAX.to_le_bytes().to_vec(),
        [&(1_u64 << 40).to_le_bytes()[..], b"{}"].concat(),
        vec![0; 100],
        b"\x89PNG\r\n\x1a\n and so on".to_vec(),
    ] {
        error(&bytes);
    }
    let spaces = join(&format!("{}{}", header, " ".repeat(17 << 20)), data);
    assert!(error(&spaces).contains("header"), "the header's limit");
}

#[test]
fn models_that_do_not_fit_are_not_written() {
    let broken: [fn(&mut PackedModel); 6] = [
        |model| model.labels.clear(),
        |model| drop(model.parameters.remove("mixed")),
        |model| drop(model.parameters.insert("relu".into(), NodeParameters::Float { weights: vec![] })),
        |model| {
            drop(model.parameters.insert("bits".into(), NodeParameters::Float { weights: vec![0.0; 24] }))
        },
        |model| {
            drop(model.parameters.insert("last".into(), NodeParameters::Float { weights: vec![0.0; 48] }))
        },
        |model| model.preprocessing.canvas.side = 16,
    ];
    for change in broken {
        let mut model = tiny();
        change(&mut model);
        assert!(matches!(model.to_bytes(), Err(EngineError::Field { .. })));
        assert!(matches!(dabnet_engine::Model::new(model), Err(EngineError::Field { .. })));
    }
    let conv = Conv2d {
        out_channels: 2,
        kernel: 1,
        stride: 1,
        padding: Padding::NONE,
        groups: 1,
        precision: Precision::Wbin,
        weight_format: WeightFormat::F32,
    };
    assert!(NodeParameters::binary(&conv, 3, &[true; 5], vec![0.0; 2], vec![0.0; 2]).is_err());
    assert!(NodeParameters::binary(&conv, 3, &[true; 6], vec![0.0; 2], vec![0.0; 3]).is_err());
    assert!(tiny().dense("relu").is_err() && tiny().dense("first.norm").is_err());
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there is no folder for temporary files")]
#[cfg_attr(miri, ignore = "folders cannot be synchronized")]
fn files_and_folders_are_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    fs::write(&path, "what was there before").unwrap();
    tiny().save(&path).unwrap();
    assert_eq!(PackedModel::load(&path).unwrap(), tiny());
    assert_eq!(PackedModel::load(folder.path()).unwrap(), tiny());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");

    let missing = PackedModel::load(folder.path().join("none")).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read") && missing.contains("none"), "{missing}");
    let nowhere = tiny().save(folder.path().join("no/such/folder")).unwrap_err().to_string();
    assert!(nowhere.starts_with("cannot write"), "{nowhere}");
    fs::write(&path, "not a model").unwrap();
    let broken = PackedModel::load(folder.path()).unwrap_err().to_string();
    assert!(broken.contains("model.safetensors: not a safetensors file"), "{broken}");
}

#[test]
fn a_calibration_must_fit_the_network() {
    let refused = |change: &dyn Fn(&mut Calibration), part: &str| {
        let mut model = tiny_calibrated();
        change(model.calibration.as_mut().unwrap());
        let text = model.to_bytes().unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    };
    refused(&|calibration| calibration.temperature = 0.0, "temperature");
    refused(&|calibration| calibration.least_energy = f32::NAN, "least_energy");
    refused(&|calibration| calibration.share = 1.5, "share");
    let of = |calibration: &mut Calibration, change: &dyn Fn(&mut EmbeddingStatistics)| {
        change(calibration.embedding.as_mut().unwrap());
    };
    refused(&|it| of(it, &|statistics| statistics.median.push(0.0)), "calibration.median");
    refused(&|it| of(it, &|statistics| statistics.directions.truncate(1)), "calibration.directions");
    refused(&|it| of(it, &|statistics| statistics.deviation[0] = f32::INFINITY), "calibration.deviation");
    refused(
        &|it| of(it, &|statistics| statistics.taught.values_mut().for_each(Vec::clear)),
        "calibration.taught",
    );

    // Of a network without an embedding, which `tiny` has none of.
    let calibration = tiny_calibrated().calibration;
    let text = PackedModel { calibration, ..tiny() }.to_bytes().unwrap_err().to_string();
    assert!(text.contains("has no embedding"), "{text}");

    // A file that lacks one of its tensors, has one more, or says that it is older.
    let bytes = tiny_calibrated().to_bytes().unwrap();
    let mut file = Container::read(&bytes);
    file.tensors.remove("calibration.directions");
    assert!(error(&file.sealed()).contains("calibration.directions"));
    let mut file = Container::read(&bytes);
    let more = file.tensors["calibration.mean"].clone();
    file.tensors.insert("calibration.more".into(), more);
    assert!(error(&file.sealed()).contains("calibration.more"));
    let mut file = Container::read(&bytes);
    file.metadata.insert("version".into(), "3".into());
    assert!(error(&file.sealed()).contains("came with '4'"));
}

#[test]
fn bits_of_an_embedding_are_those_above_the_median() {
    let mut statistics = tiny_calibrated().calibration.unwrap().embedding.unwrap();
    statistics.mean = vec![0.0; 10];
    statistics.median = vec![0.5; 10];
    let embedding = [0.6, 0.5, 0.4, 1.0, 0.0, 0.0, 0.0, 0.7, 0.0, 9.0];
    assert_eq!(statistics.bits(&embedding), [0b1000_1001, 0b10]);
}

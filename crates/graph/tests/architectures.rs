//! Tests against known totals of known networks.

use dabnet_graph::{
    Activation, ArchitectureOptions, Graph, Op, PointwiseOp, Policy, Precision, Shape, WeightFormat,
    architectures,
};

fn sketch_a_net(policy: &Policy) -> Graph {
    architectures::find("sketch-a-net").unwrap().graph(225, 250, policy).unwrap()
}

#[test]
fn sketch_a_net_has_the_published_totals() {
    let account = sketch_a_net(&Policy::Full).cost();
    assert_eq!(account.weights(), 8_506_432);
    let macs = account.macs(Precision::Full);
    assert!((607_500_000..608_500_000).contains(&macs), "{macs}");
    assert_eq!(account.layers[0].macs, 72_590_400);
}

/// By hand, for one layer of each precision: `conv3` has 256 filters of 128·3·3 and 31² positions.
#[test]
fn traffic_and_energy_are_counted_by_precision() {
    let layer = |policy: &Policy| sketch_a_net(policy).cost().layers[2].clone();
    let (positions, weights) = (15 * 15u64, 256 * 128 * 9u64);
    let macs = (weights * positions) as f64;
    let input = 128 * 15 * 15u64;
    for (policy, input_bytes, bytes, mac) in [
        (Policy::Full, 4 * input, 4 * weights, 4.6),
        (Policy::Wbin, 4 * input, weights / 8 + 8 * 256, 0.9),
        (Policy::Fbin, input / 8, weights / 8 + 8 * 256, 0.009375),
    ] {
        let layer = layer(&policy);
        assert_eq!((layer.input_bytes, layer.bytes), (input_bytes, bytes), "{policy}");
        assert_eq!(layer.traffic(), bytes + 2 * input_bytes);
        let energy = macs * mac + 12.5 * layer.traffic() as f64;
        assert!((layer.energy() - energy).abs() < 1e-6 * energy, "{policy}: {} {energy}", layer.energy());
    }
}

#[test]
fn fbin_leaves_only_the_first_and_last_layer_in_floats() {
    let account = sketch_a_net(&Policy::Fbin).cost();
    let float: Vec<&str> = account
        .layers
        .iter()
        .filter(|layer| layer.precision == Precision::Full)
        .map(|layer| layer.name.as_str())
        .collect();
    assert_eq!(float, ["conv1", "conv8"]);
    let total = sketch_a_net(&Policy::Full).cost().macs(Precision::Full);
    assert_eq!(account.macs(Precision::Full) + account.macs(Precision::Fbin), total);
}

#[test]
fn hybrid_keeps_real_inputs_where_told() {
    let graph = sketch_a_net(&"hybrid:conv6".parse().unwrap());
    let precisions: Vec<_> = graph.convolutions().map(|(_, _, conv)| conv.precision).collect();
    assert_eq!(precisions[5], Precision::Wbin);
    assert_eq!(precisions[4], Precision::Fbin);
}

#[test]
fn hybrid_refuses_a_layer_that_stays_full() {
    let policy = "hybrid:conv1".parse().unwrap();
    let error = architectures::find("sketch-a-net").unwrap().graph(225, 250, &policy).unwrap_err();
    assert!(error.to_string().contains("conv1"), "{error}");
}

#[test]
fn every_architecture_survives_its_json() {
    for architecture in architectures::ALL {
        for policy in [Policy::Full, Policy::Wbin, Policy::Fbin] {
            let graph = architecture.graph(architecture.side, 20, &policy).unwrap();
            let json = serde_json::to_string(&graph).unwrap();
            assert_eq!(serde_json::from_str::<Graph>(&json).unwrap(), graph);
            assert_eq!(graph.outputs(), 20);
            assert_eq!(graph.input_shape(), Shape::new(1, architecture.side, architecture.side));
        }
    }
}

#[test]
fn broken_descriptions_are_refused() {
    let json = serde_json::to_string(&sketch_a_net(&Policy::Fbin)).unwrap();
    let cases = [
        ("\"name\":\"conv2\"", "\"name\":\"conv3\"", "used twice"),
        ("\"inputs\":[0]", "\"inputs\":[7]", "does not come before"),
        ("\"kernel\":15", "\"kernel\":1500", "do not fit"),
        ("\"kernel\":15", "\"kernel\":0", "conv1"),
        ("\"out_channels\":64", "\"out_channels\":9999999999", "too many"),
        ("\"type\":\"sign\"", "\"type\":\"relu\"", "must read a sign"),
    ];
    for (from, to, expected) in cases {
        assert!(json.contains(from), "{from}");
        let error = serde_json::from_str::<Graph>(&json.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}

/// The serialized form of every op: an older reader ignores nothing that changes the network.
#[test]
fn unknown_fields_are_refused() {
    let pointwise = PointwiseOp::ALL.map(|op| serde_json::to_value(Op::from(op)).unwrap()["type"].clone());
    let kinds = ["input", "conv2d", "batch_norm", "sign", "max_pool", "avg_pool", "global_avg_pool"];
    let others =
        ["add", "concat", "dropout"].into_iter().chain(pointwise.iter().filter_map(|it| it.as_str()));
    for kind in kinds.into_iter().chain(others) {
        let numbers = "\"kernel\":1,\"stride\":1,\"padding\":0,\"out_channels\":1,\"precision\":\"full\"";
        let fields = match kind {
            "input" => "\"shape\":{\"channels\":1,\"height\":8,\"width\":8},",
            "conv2d" => &format!("{numbers},"),
            "max_pool" | "avg_pool" => "\"kernel\":1,\"stride\":1,",
            "batch_norm" => "\"epsilon\":1.0,",
            "dropout" => "\"p\":0.5,",
            "clip" => "\"low\":0.0,\"high\":6.0,",
            _ => "",
        };
        let op = |more: &str| serde_json::from_str::<Op>(&format!("{{{fields}{more}\"type\":\"{kind}\"}}"));
        op("").unwrap_or_else(|error| panic!("{kind}: {error}"));
        let error = op("\"slope\":0.1,").unwrap_err().to_string();
        assert!(error.contains("unknown field `slope`"), "{kind}: {error}");
    }
}

fn react_net() -> ArchitectureOptions {
    ArchitectureOptions::default().with_activation(Activation::RPReLU).with_shortcuts(true)
}

fn with_options(name: &str, policy: &Policy, options: ArchitectureOptions) -> Graph {
    let architecture = architectures::find(name).unwrap();
    architecture.graph_with(architecture.side, 20, policy, options).unwrap()
}

fn reads(graph: &Graph, name: &str) -> Vec<String> {
    let node = graph.nodes().iter().find(|node| node.name == name).unwrap();
    node.inputs.iter().map(|&input| graph.nodes()[input].name.clone()).collect()
}

#[test]
fn options_change_layers_with_binary_inputs_only() {
    for architecture in architectures::ALL {
        for policy in [Policy::Full, Policy::Wbin] {
            let graph = with_options(architecture.name, &policy, react_net());
            assert_eq!(graph, with_options(architecture.name, &policy, ArchitectureOptions::default()));
        }
        let graph = with_options(architecture.name, &Policy::Fbin, react_net());
        let json = serde_json::to_string(&graph).unwrap();
        assert_eq!(serde_json::from_str::<Graph>(&json).unwrap(), graph);
        let count = |op: fn(&Op) -> bool| graph.nodes().iter().filter(|node| op(&node.op)).count();
        let binary = graph.convolutions().filter(|(_, _, conv)| conv.precision == Precision::Fbin).count();
        assert_eq!(count(|op| *op == Op::RPReLU), binary, "{}", architecture.name);
    }
}

#[test]
fn shortcuts_go_around_what_keeps_halves_or_doubles() {
    let graph = with_options("resnet-18", &Policy::Fbin, react_net());
    assert_eq!(reads(&graph, "layer1.0.conv1.add"), ["layer1.0.conv1", "pool1"]);
    assert_eq!(reads(&graph, "layer1.0.conv2.add"), ["layer1.0.conv2", "layer1.0.conv1.rprelu"]);
    assert_eq!(reads(&graph, "layer2.0.conv1.add"), ["layer2.0.conv1", "layer2.0.conv1.twice"]);
    assert_eq!(reads(&graph, "layer2.0.conv1.twice"), ["layer2.0.conv1.shortcut"; 2]);
    assert_eq!(reads(&graph, "layer2.0.conv1.shortcut"), ["layer1.1.conv2.rprelu"]);
    assert_eq!(reads(&graph, "layer2.0.conv1.rprelu"), ["layer2.0.conv1.add"]);
    let sums = |graph: &Graph| graph.nodes().iter().filter(|node| node.op == Op::Add).count();
    assert_eq!(sums(&graph), 16);
    // conv2 and conv6 change the side, conv3 doubles the channels.
    assert_eq!(sums(&with_options("sketch-a-net", &Policy::Fbin, react_net())), 4);
    // Each has one, depthwise or pointwise.
    assert_eq!(sums(&with_options("mobilenet", &Policy::Fbin, react_net())), 26);
}

#[test]
fn rprelu_costs_three_numbers_a_channel() {
    let bytes = |activation| {
        with_options("sketch-a-net", &Policy::Fbin, react_net().with_activation(activation))
            .cost()
            .affine_bytes
    };
    let channels = 128 + 3 * 256 + 2 * 512;
    assert_eq!(bytes(Activation::RPReLU), bytes(Activation::Relu) + 12 * channels);
}

#[test]
fn activations_are_read_as_written() {
    for activation in [Activation::Relu, Activation::RPReLU] {
        assert_eq!(activation.to_string().parse::<Activation>().unwrap(), activation);
        assert_eq!(serde_json::to_value(activation).unwrap(), activation.to_string());
    }
    let error = "gelu".parse::<Activation>().unwrap_err().to_string();
    assert!(error.contains("'gelu'") && error.contains("rprelu"), "{error}");
}

fn total(name: &str, classes: usize, policy: &Policy) -> dabnet_graph::NetworkCost {
    let architecture = architectures::find(name).unwrap();
    architecture.graph(architecture.side, classes, policy).unwrap().cost()
}

/// torchvision's ResNet-18 has 11,689,512 parameters and 1,814,073,344 multiply-accumulates on three
/// channels: without its 1,000 biases, its 9,600 numbers of batch normalization, and the weights of
/// the first layer on two of the channels.
#[test]
fn resnet_18_has_the_published_totals() {
    let account = total("resnet-18", 1000, &Policy::Full);
    let first = 2 * 64 * 49;
    assert_eq!(account.weights(), 11_689_512 - 1_000 - 9_600 - first);
    assert_eq!(account.macs(Precision::Full), 1_814_073_344 - first * 112 * 112);
}

/// The published network has 6,998,552 parameters, of which 8,280 biases, on three channels.
#[test]
fn googlenet_has_the_published_totals() {
    let account = total("googlenet", 1000, &Policy::Full);
    assert_eq!(account.weights(), 6_998_552 - 8_280 - 2 * 64 * 49);
}

/// Published numbers of parameters on three channels, without biases, batch normalization, and the weights
/// of the first layer on two of the channels; multiply-accumulates where they are published, too.
#[test]
fn general_networks_have_the_published_totals() {
    for (name, parameters, others, first, macs) in [
        // torchvision 0.20; biases are every filter's and neuron's.
        ("alexnet", 61_100_840, 10_344, 64 * 121, Some((714_188_480, 55 * 55))),
        ("vgg-16", 138_357_544, 13_416, 64 * 9, Some((15_470_264_320, 224 * 224))),
        ("squeezenet", 1_235_496, 3_944, 64 * 9, None),
        ("densenet-121", 7_978_856, 83_648 + 1_000, 64 * 49, None),
        // The Caffe model zoo's.
        ("nin", 7_595_176, 5_256, 96 * 121, None),
        // Keras Applications 2.x; its batch normalization has 21,888 trained numbers.
        ("mobilenet", 4_231_976, 21_888 + 1_000, 32 * 9, None),
    ] {
        let account = total(name, 1000, &Policy::Full);
        assert_eq!(account.weights(), parameters - others - 2 * first, "{name}");
        if let Some((macs, positions)) = macs {
            assert_eq!(account.macs(Precision::Full), macs - 2 * first * positions, "{name}");
        }
    }
}

/// LQ-Nets gives 4.6 million parameters and 0.6 billion multiply-accumulates, on three channels.
#[test]
fn vgg_small_has_the_published_totals() {
    let account = total("vgg-small", 10, &Policy::Full);
    let (weights, macs) = (account.weights() + 2 * 128 * 9, account.macs(Precision::Full));
    assert_eq!(weights, 4_656_512);
    assert!((600_000_000..615_000_000).contains(&(macs + 2 * 128 * 9 * 32 * 32)), "{macs}");
}

#[test]
fn every_architecture_takes_other_sides() {
    for architecture in architectures::ALL {
        for side in [architecture.side * 3 / 4, architecture.side + 31] {
            let graph = architecture.graph(side, 10, &Policy::Fbin).unwrap();
            assert_eq!(graph.outputs(), 10, "{} at {side}", architecture.name);
        }
        if let Err(error) = architecture.graph(4, 10, &Policy::Fbin) {
            assert!(error.to_string().contains("do not fit"), "{}: {error}", architecture.name);
        }
    }
}

#[test]
fn branches_are_binarized_too() {
    for name in ["resnet-18", "googlenet", "densenet-121", "mobilenet", "dabnet-l"] {
        let account = total(name, 250, &Policy::Fbin);
        let full: Vec<_> = account.layers.iter().filter(|layer| layer.precision == Precision::Full).collect();
        assert_eq!(full.iter().map(|layer| &layer.name[..]).collect::<Vec<_>>(), ["conv1", "fc"], "{name}");
    }
}

/// Without them the last binary convolution and the classifier would be one linear map.
#[test]
fn something_stands_between_the_last_binary_layer_and_the_classifier() {
    for (name, last, classifier) in [
        ("sketch-a-net", "conv7", "conv8"),
        ("sketch-a-net-64", "conv7", "conv8"),
        ("alexnet", "fc7", "fc8"),
        ("vgg-16", "fc7", "fc8"),
        ("nin", "cccp7", "cccp8"),
    ] {
        for (options, activation) in [(ArchitectureOptions::default(), "relu"), (react_net(), "rprelu")] {
            let graph = with_options(name, &Policy::Fbin, options);
            let node = |name: &str| graph.nodes().iter().find(|node| node.name == name).unwrap();
            assert!(matches!(node(&format!("{last}.output")).op, Op::BatchNorm { .. }), "{name}");
            assert_eq!(reads(&graph, &format!("{last}.{activation}")), [format!("{last}.output")]);
            let before = &reads(&graph, classifier)[0];
            let before =
                if before.starts_with("drop") { reads(&graph, before).remove(0) } else { before.clone() };
            assert_eq!(before, format!("{last}.{activation}"));
        }
        // Layers with real inputs have always had both.
        let full = with_options(name, &Policy::Full, ArchitectureOptions::default());
        assert!(full.nodes().iter().all(|node| !node.name.ends_with(".output")));
    }
}

/// The convolutions that are stored in eight bits.
fn stored_in_eight_bits(policy: &Policy, ends: Option<WeightFormat>) -> Vec<String> {
    let graph = with_options("sketch-a-net-64", policy, ArchitectureOptions::default().with_ends(ends));
    let stored = graph.convolutions().filter(|(_, _, conv)| conv.weight_format == WeightFormat::I8);
    stored.map(|(_, node, _)| node.name.clone()).collect()
}

#[test]
fn ends_beside_binary_layers_are_stored_in_eight_bits() {
    let (first, last) = ("conv1".to_owned(), "conv8".to_owned());
    for policy in [Policy::Wbin, Policy::Fbin, "hybrid:conv3".parse().unwrap()] {
        assert_eq!(stored_in_eight_bits(&policy, None), [first.clone(), last.clone()]);
        assert!(stored_in_eight_bits(&policy, Some(WeightFormat::F32)).is_empty());
    }
    assert!(stored_in_eight_bits(&Policy::Full, None).is_empty());
    // What is no end stays as it is.
    assert_eq!(stored_in_eight_bits(&Policy::Full, Some(WeightFormat::I8)), [first, last]);
}

/// Files without a format mean single precision, as before there was a choice.
#[test]
fn formats_of_weights_are_read_as_written() {
    let graph = sketch_a_net(&Policy::Fbin);
    let json = serde_json::to_value(&graph).unwrap();
    let convs = || json["nodes"].as_array().unwrap().iter().filter(|node| node["op"]["type"] == "conv2d");
    assert_eq!(convs().filter(|node| node["op"]["weights"] == "i8").count(), 2);
    assert!(convs().all(|node| node["op"]["weights"] != "f32"));
    for (layer, format, expected) in [("conv1", "f16", "weights"), ("conv2", "i8", "stored as bits")] {
        let mut json = json.clone();
        let nodes = json["nodes"].as_array_mut().unwrap();
        nodes.iter_mut().find(|node| node["name"] == layer).unwrap()["op"]["weights"] = format.into();
        let error = serde_json::from_value::<Graph>(json).unwrap_err().to_string();
        assert!(error.contains(expected) || error.contains("f16"), "{error}");
    }
}

/// Whatever options and policy say; stages that halve the side have averages in them.
#[test]
fn networks_made_for_binary_layers_have_shortcuts_and_rprelu() {
    for (name, layers) in
        [("dabnet-xxs", 4), ("dabnet-xs", 5), ("dabnet-s", 6), ("dabnet-m", 8), ("dabnet-l", 12)]
    {
        let count = |graph: &Graph, op: Op| graph.nodes().iter().filter(|node| node.op == op).count();
        for options in [ArchitectureOptions::default(), react_net()] {
            let graph = with_options(name, &Policy::Fbin, options);
            assert_eq!(count(&graph, Op::Add), layers, "{name}");
            assert_eq!(count(&graph, Op::RPReLU), layers, "{name}");
        }
        let full = with_options(name, &Policy::Full, ArchitectureOptions::default());
        // One ReLU more, behind the first layer.
        assert_eq!((count(&full, Op::Add), count(&full, Op::Relu)), (layers, layers + 1), "{name}");
        assert_eq!(reads(&full, "conv2_1.add"), ["conv2_1.norm", "pool1"]);
        assert_eq!(reads(&full, "conv3_1.add"), ["conv3_1.norm", "conv3_1.twice"]);
    }
}

/// Intended sizes in bytes, without the header of the file.
#[test]
fn networks_made_for_binary_layers_weigh_what_is_said() {
    for (name, classes, megabytes) in [
        ("dabnet-xxs", 20, 0.053),
        ("dabnet-xs", 20, 0.15),
        ("dabnet-s", 345, 0.3),
        ("dabnet-m", 250, 0.8),
        ("dabnet-m", 345, 0.8),
        ("dabnet-l", 250, 1.4),
    ] {
        let account = total(name, classes, &Policy::Fbin);
        let found = account.bytes() as f64 / 1e6;
        assert!((found - megabytes).abs() < 0.07, "{name} with {classes} labels has {found} MB");
        // Binary layers read windows where they lie.
        let graph = with_options(name, &Policy::Fbin, ArchitectureOptions::default());
        let binary = graph.convolutions().filter(|(_, _, conv)| conv.precision == Precision::Fbin);
        assert!(binary.into_iter().all(|(id, ..)| graph.filter_channels(id).is_multiple_of(64)));
    }
}

//! The engine against the definition of the ops, and its instruction sets against each other.

mod common;

use common::{Numbers, lines, network::network, packed, reference, sketch};
use dabnet_engine::{ActivationCounts, Isa, Model, NodeParameters, PackedModel, Session};
use dabnet_graph::{
    Activation, ArchitectureOptions, Canvas, Channels, ConvSpec, Graph, GraphBuilder, Node, Op, Padding,
    Policy, Precision, Preprocessing, Shape, architectures,
};
use proptest::prelude::*;

const PRECISIONS: &[Precision] = &[Precision::Full, Precision::Wbin, Precision::Fbin, Precision::Fbin];

/// Logits of one instruction set, run twice so that what a run leaves behind is noticed.
fn logits(packed: &PackedModel, isa: Isa, canvas: &[f32]) -> Vec<f32> {
    let model = Model::with_isa(packed.clone(), isa).unwrap();
    let mut session = Session::new(&model);
    let full: Vec<f32> = canvas.iter().map(|x| 1.0 - x).collect();
    session.run(&full).unwrap();
    let logits = session.run(canvas).unwrap().to_vec();
    let threads = if cfg!(feature = "threads") { 3 } else { 1 };
    let mut threaded = Session::with_threads(&model, threads).unwrap();
    threaded.run(&full).unwrap();
    assert!(same_bits(threaded.run(canvas).unwrap(), &logits), "threads change the result on {isa}");
    logits
}

/// Logits, the same for every instruction set.
fn all_logits(packed: &PackedModel, canvas: &[f32]) -> Vec<f32> {
    let scalar = logits(packed, Isa::Scalar, canvas);
    for isa in Isa::supported() {
        assert!(same_bits(&logits(packed, isa, canvas), &scalar), "{isa} differs from scalar");
    }
    scalar
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
}

/// Exactly equal where single precision is exact, close where no sign is in doubt; whether one of
/// both could be said.
fn assert_agree(packed: &PackedModel, canvas: &[f32], numbers: Numbers) -> bool {
    let expected = reference::run(packed, canvas, numbers);
    let found = all_logits(packed, canvas);
    assert_eq!(found.len(), expected.logits.len());
    let differences = || found.iter().zip(&expected.logits).map(|(a, b)| (f64::from(*a) - b).abs());
    if expected.exact {
        assert!(differences().all(|difference| difference == 0.0), "not exact");
        return true;
    }
    if expected.margin < 1e-4 {
        return false;
    }
    let largest = expected.logits.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    let worst = differences().fold(0.0, f64::max);
    assert!(worst <= 1e-3 * largest, "off by {worst}, largest logit {largest}");
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 150 }))]

    #[test]
    fn random_networks_agree_with_the_definition(net in network(PRECISIONS), seed: u64) {
        let packed = packed(net.graph(false), Numbers::Real, seed);
        let canvas = sketch(packed.graph.input_shape().elements(), Numbers::Real, seed);
        prop_assume!(assert_agree(&packed, &canvas, Numbers::Real));
    }

    #[test]
    fn exact_networks_agree_exactly(net in network(&[Precision::Fbin]), seed: u64) {
        let packed = packed(net.graph(false), Numbers::Dyadic, seed);
        let canvas = sketch(packed.graph.input_shape().elements(), Numbers::Dyadic, seed);
        prop_assume!(assert_agree(&packed, &canvas, Numbers::Dyadic));
    }

    /// Two poolings before a sign keep the engine from folding anything into the comparison, so
    /// this is fused against plain float steps, to the last bit.
    #[test]
    fn folding_changes_no_bit(net in network(PRECISIONS), seed: u64) {
        let (folded, plain) = (net.graph(false), net.graph(true));
        let folded = packed(folded, Numbers::Real, seed);
        let mut unfolded = PackedModel::random(plain, folded.preprocessing, 0);
        let names: Vec<String> = nodes_with_parameters(&unfolded);
        unfolded.parameters =
            names.into_iter().zip(nodes_with_parameters(&folded)).map(|(to, from)| (to, folded.parameters[&from].clone())).collect();
        let canvas = sketch(folded.graph.input_shape().elements(), Numbers::Real, seed);
        prop_assert!(same_bits(&all_logits(&folded, &canvas), &all_logits(&unfolded, &canvas)));
    }
}

/// Names in the order of the nodes.
fn nodes_with_parameters(packed: &PackedModel) -> Vec<String> {
    let names = packed.graph.nodes().iter().map(|node| node.name.clone());
    names.filter(|name| packed.parameters.contains_key(name)).collect()
}

/// Copy of a model with another shade for paper.
fn with_mean(packed: &PackedModel, mean: f32) -> PackedModel {
    let canvas = Canvas { mean, ..packed.preprocessing.canvas };
    PackedModel { preprocessing: Preprocessing::lines(canvas), ..packed.clone() }
}

/// Layers with one filter, whose sums a matrix library may order by the number of rows.
#[test]
fn rows_beside_it_do_not_change_a_position() {
    for (channels, kernel) in [(1, 2), (33, 3)] {
        let mut net = GraphBuilder::new("one", &Policy::Full, Shape::new(1, 24, 24));
        if channels > 1 {
            net.conv("wide", ConvSpec::new(channels, 3));
        }
        net.conv("one", ConvSpec::new(1, kernel).padding(kernel - 1));
        let packed = packed(net.build().unwrap(), Numbers::Real, 5);
        let with_mean = |mean| with_mean(&packed, mean);
        for seed in 0..20 {
            // Neither shade of paper is 0, so that both multiply; the second never occurs.
            let mut canvas = sketch(24 * 24, Numbers::Real, seed);
            canvas.iter_mut().for_each(|value| *value += 0.5);
            assert_eq!(all_logits(&with_mean(-0.5), &canvas), all_logits(&with_mean(-9.0), &canvas));
        }
    }
}

/// A model run on what most of is paper gives what one gives that computes everything: the same
/// network with another shade for paper, which no position then is.
#[test]
fn what_ink_does_not_reach_is_the_same() {
    let architecture = architectures::find("resnet-18").unwrap();
    let graph = architecture.graph(64, 10, &Policy::Fbin).unwrap();
    let packed = packed(graph, Numbers::Dyadic, 3);
    let everywhere = with_mean(&packed, 9.0);
    let mut canvas = vec![0.0; 64 * 64];
    for spot in [0, 700, 2030, 4095] {
        canvas[spot] = 1.0;
        assert_eq!(all_logits(&packed, &canvas), all_logits(&everywhere, &canvas));
    }
    assert_eq!(all_logits(&packed, &vec![0.0; 64 * 64]), all_logits(&everywhere, &vec![0.0; 64 * 64]));
}

/// Several input channels, which the first layer visits together.
#[test]
fn channels_of_lines_are_visited_as_ink_is() {
    for channels in [Channels::Order, Channels::Direction] {
        let input = Shape::new(channels.count(), 64, 64);
        let architecture = architectures::find("sketch-a-net-64").unwrap();
        let graph = architecture.graph_on(input, 10, &Policy::Fbin, ArchitectureOptions::default()).unwrap();
        let seeing = |model: PackedModel, channels| {
            let preprocessing = model.preprocessing.with_channels(channels);
            PackedModel { preprocessing, ..model }
        };
        let packed = seeing(packed(graph, Numbers::Dyadic, 3), channels);
        let everywhere = seeing(with_mean(&packed, 9.0), channels);
        let mut canvas = vec![0.0; input.elements()];
        for (plane, spot) in [(0, 0), (channels.count() - 1, 700), (2, 700), (1, 4095), (3, 2030)] {
            canvas[plane * 64 * 64 + spot] = 0.5;
            assert_eq!(all_logits(&packed, &canvas), all_logits(&everywhere, &canvas), "{channels}");
        }
        let other = if channels == Channels::Order { Channels::Direction } else { Channels::Order };
        let error = seeing(packed, other).check().unwrap_err().to_string();
        assert!(error.contains("preprocessing") && error.contains(&other.to_string()), "{error}");
    }
}

fn bundled(name: &str, policy: &str, numbers: Numbers, seed: u64) {
    let architecture = architectures::find(name).unwrap();
    bundled_at(architecture.side, name, policy, numbers, seed);
}

fn bundled_at(side: usize, name: &str, policy: &str, numbers: Numbers, seed: u64) {
    let architecture = architectures::find(name).unwrap();
    let policy: Policy = policy.parse().unwrap();
    let packed = packed(architecture.graph(side, 250, &policy).unwrap(), numbers, seed);
    let canvas = sketch(packed.graph.input_shape().elements(), numbers, seed);
    assert!(assert_agree(&packed, &canvas, numbers), "{name} {policy} could not be compared");
}

#[test]
fn sketch_a_net_64_agrees() {
    for seed in 0..3 {
        bundled("sketch-a-net-64", "full", Numbers::Real, seed);
        bundled("sketch-a-net-64", "wbin", Numbers::Real, seed);
        bundled("sketch-a-net-64", "fbin", Numbers::Dyadic, seed);
        bundled("sketch-a-net-64", "hybrid:conv6,conv7", Numbers::Dyadic, seed);
    }
}

#[test]
fn sketch_a_net_agrees() {
    bundled("sketch-a-net", "fbin", Numbers::Dyadic, 1);
}

/// Activation counts, layer by layer; the logits are those of an ordinary run.
fn activation_counts(packed: &PackedModel, isa: Isa, canvas: &[f32]) -> Vec<(String, ActivationCounts)> {
    let mut session = Session::new(&Model::with_isa(packed.clone(), isa).unwrap());
    let mut seen = Vec::new();
    let observe = |layer: &str, counts: &ActivationCounts| seen.push((layer.to_owned(), counts.clone()));
    let looked = session.run_with_activations(canvas, observe).unwrap().to_vec();
    assert!(same_bits(session.run(canvas).unwrap(), &looked));
    seen
}

#[test]
fn what_fires_is_what_signs_give() {
    for (name, policy, input_bits) in [
        ("sketch-a-net-64", "fbin", "1"),
        ("sketch-a-net-64", "hybrid:conv3", "1"),
        ("sketch-a-net-64", "fbin", "2"),
        ("resnet-18", "fbin", "1"),
    ] {
        let options = ArchitectureOptions::default().with_input_bits(input_bits.parse().unwrap());
        let architecture = architectures::find(name).unwrap();
        let graph = architecture.graph_with(64, 20, &policy.parse().unwrap(), options).unwrap();
        let packed = packed(graph, Numbers::Dyadic, 3);
        let canvas = sketch(packed.graph.input_shape().elements(), Numbers::Dyadic, 3);
        let expected = reference::run(&packed, &canvas, Numbers::Dyadic);
        assert!(expected.exact && !expected.signs.is_empty());
        let found = activation_counts(&packed, Isa::Scalar, &canvas);
        for isa in Isa::supported() {
            assert_eq!(activation_counts(&packed, isa, &canvas), found, "{isa}");
        }
        for (shape, signs) in expected.signs {
            let count = |channel: &[f64]| channel.iter().filter(|&&sign| sign > 0.0).count() as u32;
            let counts = signs.chunks_exact(shape.positions()).map(count).collect();
            let expected = ActivationCounts { positions: shape.positions(), counts };
            assert!(found.iter().any(|(_, fired)| *fired == expected), "{name} {policy} {shape}");
        }
    }
}

#[test]
fn graphs_with_branches_agree() {
    for name in ["resnet-18", "googlenet", "squeezenet", "densenet-121", "mobilenet"] {
        for policy in ["full", "wbin"] {
            bundled_at(64, name, policy, Numbers::Real, 1);
        }
        bundled_at(96, name, "fbin", Numbers::Dyadic, 1);
    }
}

/// With both options, what the definition gives is no longer exact behind more layers than Sketch-A-Net
/// has: there, the instruction sets are only compared with each other.
#[test]
fn networks_with_options_agree() {
    for (name, activation, shortcuts, input_bits, is_exact) in [
        ("sketch-a-net-64", Activation::Relu, true, "1", true),
        ("sketch-a-net-64", Activation::RPReLU, false, "1", true),
        ("sketch-a-net-64", Activation::RPReLU, true, "1", true),
        ("sketch-a-net-64", Activation::Relu, false, "2", true),
        ("sketch-a-net-64", Activation::Relu, false, "4", true),
        ("sketch-a-net-64", Activation::RPReLU, true, "2,conv4=1,conv5=4", false),
        ("resnet-18", Activation::Relu, true, "1", true),
        ("resnet-18", Activation::RPReLU, false, "1", true),
        ("resnet-18", Activation::RPReLU, true, "1", false),
        ("resnet-18", Activation::RPReLU, true, "2", false),
        // Its own options are on whatever is said here.
        ("dabnet-s", Activation::Relu, false, "1", false),
        ("dabnet-s", Activation::Relu, false, "2", false),
        ("mobilenet", Activation::Relu, true, "1", true),
        ("mobilenet", Activation::RPReLU, false, "1", true),
        ("mobilenet", Activation::RPReLU, true, "1", false),
        ("mobilenet", Activation::Relu, true, "4", false),
    ] {
        let architecture = architectures::find(name).unwrap();
        let input_bits = input_bits.parse().unwrap();
        let options = ArchitectureOptions::default()
            .with_activation(activation)
            .with_shortcuts(shortcuts)
            .with_input_bits(input_bits);
        let graph = architecture.graph_with(64, 10, &Policy::Fbin, options.clone()).unwrap();
        for seed in 0..3 {
            let packed = packed(graph.clone(), Numbers::Dyadic, seed);
            let canvas = sketch(packed.graph.input_shape().elements(), Numbers::Dyadic, seed);
            let compared = assert_agree(&packed, &canvas, Numbers::Dyadic);
            assert!(compared || !is_exact, "{name} {options:?} could not be compared");
        }
    }
}

#[test]
fn wrong_input_length_is_an_error() {
    let architecture = architectures::find("sketch-a-net-64").unwrap();
    let graph = architecture.graph(64, 10, &Policy::Fbin).unwrap();
    let model = Model::new(packed(graph, Numbers::Real, 0)).unwrap();
    let mut session = Session::new(&model);
    for len in [0, model.input_len() - 1, model.input_len() + 1] {
        let error = session.run(&vec![0.0; len]).unwrap_err().to_string();
        assert!(error.contains(&len.to_string()) && error.contains("4096"), "{error}");
    }
    assert!(session.run(&vec![f32::NAN; model.input_len()]).is_ok());
}

#[test]
fn models_are_shared_between_threads() {
    fn assert_shared<T: Send + Sync + Clone + 'static>() {}
    fn assert_sent<T: Send + 'static>() {}
    assert_shared::<Model>();
    assert_sent::<Session>();
}

/// A channel whose scale is 0 is constant, whatever comes in, also where it is pooled or compared.
#[test]
fn constants_stay_constant_for_infinite_input() {
    let outputs = |op: Op, shift: f32, ink: f32| {
        let ops = [Op::Input { shape: Shape::new(1, 8, 8) }, Op::BatchNorm { epsilon: 1e-5 }, op];
        let nodes = ops.into_iter().enumerate().map(|(id, op)| {
            let inputs = id.checked_sub(1).into_iter().collect();
            Node { name: format!("n{id}"), op, inputs }
        });
        let graph = Graph::new("constant".into(), Policy::Full, nodes.collect()).unwrap();
        let mut packed = PackedModel::random(graph, lines(8), 0);
        let values = [("scale", vec![0.0]), ("shift", vec![shift])];
        packed.parameters.insert("n1".into(), NodeParameters::Channels(values.into()));
        let mut canvas = vec![0.0; 64];
        canvas[9] = ink;
        Session::new(&Model::new(packed).unwrap()).run(&canvas).unwrap().to_vec()
    };
    let pool = Op::MaxPool { kernel: 8, stride: 1, padding: Padding::NONE };
    for ink in [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1.0] {
        assert_eq!(outputs(pool.clone(), 5.0, ink), [5.0]);
        assert_eq!(outputs(Op::Sign, -1.0, ink), [-1.0; 64]);
        assert_eq!(outputs(Op::Sign, 1.0, ink), [1.0; 64]);
    }
}

/// A thread that waits for others would take up other work of its own pool, a session among it.
#[cfg(feature = "threads")]
#[test]
fn sessions_run_inside_other_pools() {
    let graph = architectures::find("sketch-a-net-64").unwrap().graph(64, 10, &Policy::Fbin).unwrap();
    let model = Model::new(PackedModel::random(graph, lines(64), 0)).unwrap();
    let canvas: Vec<f32> = (0..model.input_len()).map(|at| f32::from(u8::from(at % 23 == 0))).collect();
    let expected = Session::new(&model).run(&canvas).unwrap().to_vec();
    let session = std::sync::Mutex::new(Session::with_threads(&model, 3).unwrap());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    pool.scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|_| assert_eq!(session.lock().unwrap().run(&canvas).unwrap(), expected));
        }
    });
}

/// Embeddings, which have to be the same on every instruction set.
fn embeddings(packed: &PackedModel, canvases: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let of_isa = |isa| -> Vec<Vec<f32>> {
        let model = Model::with_isa(packed.clone(), isa).unwrap();
        let mut session = Session::new(&model);
        let of_one = |canvas: &Vec<f32>| session.embed(canvas).unwrap().to_vec();
        canvases.iter().map(of_one).collect()
    };
    let scalar = of_isa(Isa::Scalar);
    for isa in Isa::supported() {
        let same = of_isa(isa).iter().zip(&scalar).all(|(found, scalar)| same_bits(found, scalar));
        assert!(same, "{isa} differs from scalar");
    }
    scalar
}

/// What the last layer makes of an embedding are the logits, but for a bias: of differences, the differences.
#[test]
fn the_last_layer_makes_logits_of_embeddings() {
    for (name, width) in [("dabnet-xs", 256), ("sketch-a-net-64", 512)] {
        let architecture = architectures::find(name).unwrap();
        let input = Shape::new(1, 64, 64);
        let graph = architecture.graph_on(input, 20, &Policy::Fbin, ArchitectureOptions::default()).unwrap();
        let packed = packed(graph, Numbers::Real, 3);
        let last = packed.graph.nodes().iter().rev().find(|node| packed.parameters.contains_key(&node.name));
        let weights = packed.dense(&last.unwrap().name).unwrap();
        // Paper between two sketches: what a run leaves behind is noticed.
        let canvases =
            [sketch(64 * 64, Numbers::Real, 1), vec![0.0; 64 * 64], sketch(64 * 64, Numbers::Real, 2)];
        let embeddings = embeddings(&packed, &canvases);
        let logits = canvases.each_ref().map(|canvas| all_logits(&packed, canvas));
        assert_eq!(embeddings[0].len(), width, "{name}");
        for [one, other] in [[0, 1], [1, 2], [2, 0]] {
            for (label, weights) in weights.chunks(width).enumerate() {
                let differences =
                    embeddings[one].iter().zip(&embeddings[other]).map(|(a, b)| f64::from(a - b));
                let sum: f64 = differences.zip(weights).map(|(x, weight)| x * f64::from(*weight)).sum();
                let found = f64::from(logits[one][label] - logits[other][label]);
                assert!(
                    (found - sum).abs() <= 1e-3 * (1.0 + sum.abs()),
                    "{name}, label {label}: {found}, {sum}"
                );
            }
        }
    }
}

#[test]
fn a_layer_that_sees_more_than_a_vector_has_no_embedding() {
    let mut net = GraphBuilder::new("wide", &Policy::Full, Shape::new(1, 8, 8));
    net.conv("conv1", ConvSpec::new(4, 3));
    net.conv("conv2", ConvSpec::new(4, 3));
    let packed = packed(net.build().unwrap(), Numbers::Real, 1);
    let model = Model::new(packed).unwrap();
    assert_eq!(model.embedding_len(), 0);
    let error = Session::new(&model).embed(&[0.0; 64]).unwrap_err().to_string();
    assert!(error.contains("no embedding"), "{error}");
}

//! Tests of training on a problem that a small network solves in seconds.

use crate::common::{LineExamples, SIDE, network, train};
use dabnet_binarize::Scheme;
use dabnet_engine::{Model, Session};
use dabnet_graph::{
    Activation, ArchitectureOptions, Canvas, ConvSpec, Graph, GraphBuilder, InitialValues, Op, Padding,
    PointwiseOp, Policy, Preprocessing, Shape,
};
use dabnet_train::{
    Examples, ModelMetadata, TrainConfig, TrainError, TrainedNetwork, Trainer, node_outputs, pack,
};

/// Every op that joins or branches, every pointwise one, and groups.
fn branched(policy: &str, options: ArchitectureOptions) -> Graph {
    let policy: Policy = policy.parse().unwrap();
    let mut net = GraphBuilder::new("branched", &policy, Shape::new(1, SIDE, SIDE)).options(options);
    let stem = net.full_layer("conv1", ConvSpec::new(16, 3).padding(1));
    let around = net.padded_max_pool("pool1", 3, 2, 1);
    net.go_to(stem);
    net.layer("conv2", ConvSpec::new(16, 3).stride(2).padding(1).groups(4));
    let sum = net.add("sum", around);
    net.layer("conv3", ConvSpec::new(16, 1));
    net.concat("both", vec![sum, net.head()]);
    net.push("pool2", Op::AvgPool { kernel: 2, stride: 2, padding: Padding::NONE });
    net.layer("conv4", ConvSpec::new(32, 3));
    // Behind a ReLU nothing is negative: a normalization and the ReLU last let all learn.
    net.batch_norm("center");
    PointwiseOp::ALL.into_iter().rev().for_each(|op| _ = net.push(format!("{op:?}"), op.into()));
    net.global_avg_pool("pool3");
    net.conv("conv5", ConvSpec::new(3, 1));
    net.build().unwrap()
}

fn config(seed: u64) -> TrainConfig {
    TrainConfig::default()
        .with_scheme(Scheme::Dab)
        .with_epochs(20)
        .with_batch(32)
        .with_learning_rate(5e-3)
        .with_center(false)
        .with_label_smoothing(0.05)
        .with_seed(seed)
        .with_threads(2)
}

fn accuracy(trained: &TrainedNetwork) -> f64 {
    let mut rng = rand_pcg::Pcg64::new(99, 0);
    let inputs: Vec<Vec<f32>> = (0..192).map(|index| LineExamples.draw(index, &mut rng).unwrap()).collect();
    let logits = trained.logits(&inputs).unwrap();
    let right = logits
        .iter()
        .enumerate()
        .filter(|(index, row)| row.iter().all(|&logit| logit <= row[index % 3]))
        .count();
    right as f64 / logits.len() as f64
}

/// Batch normalization statistics are those of the final weights, however few steps led there.
#[test]
fn statistics_settle_in_few_steps() {
    let graph = network("fbin");
    let means = |epochs: usize| {
        // Weights that hardly move: running statistics alone would depend on the number of steps.
        let trained = train(&graph, config(3).with_epochs(epochs).with_learning_rate(1e-9));
        let (norm, _) = graph.nodes().iter().enumerate().find(|(_, node)| node.name == "conv1.norm").unwrap();
        trained.parameters().get(norm, "mean").to_vec()
    };
    let (few, many) = (means(1), means(30));
    let scale = many.iter().fold(0.0f32, |most, mean| most.max(mean.abs()));
    let apart = few.iter().zip(&many).fold(0.0f32, |most, (few, many)| most.max((few - many).abs()));
    assert!(apart < 0.1 * scale, "{apart} of {scale}");
}

#[test]
fn every_policy_and_scheme_learns() {
    for policy in ["full", "wbin", "fbin", "hybrid:conv2"] {
        let graph = network(policy);
        for scheme in Scheme::ALL {
            for center in [false, true] {
                let trained = train(&graph, config(1).with_scheme(scheme).with_center(center));
                let accuracy = accuracy(&trained);
                assert!(accuracy > 0.9, "{policy} {scheme} center {center}: {accuracy}");
            }
        }
    }
}

/// Networks with branches learn, and the packed one says what the trained one does.
#[test]
fn branches_learn_and_pack() {
    let options = |activation, shortcuts, input_bits: &str| {
        ArchitectureOptions::default()
            .with_activation(activation)
            .with_shortcuts(shortcuts)
            .with_input_bits(input_bits.parse().unwrap())
    };
    let plain = |input_bits| options(Activation::Relu, false, input_bits);
    let react_net = |input_bits| options(Activation::RPReLU, true, input_bits);
    for (policy, options) in [
        ("full", plain("1")),
        ("wbin", plain("1")),
        ("fbin", plain("1")),
        ("fbin", react_net("1")),
        ("fbin", plain("2")),
        ("fbin", react_net("4,conv3=2")),
    ] {
        let trained = train(&branched(policy, options), config(2));
        let accuracy = accuracy(&trained);
        assert!(accuracy > 0.9, "{policy}: {accuracy}");
        let mut rng = rand_pcg::Pcg64::new(7, 0);
        let inputs: Vec<Vec<f32>> =
            (0..96).map(|index| LineExamples.draw(index, &mut rng).unwrap()).collect();
        let canvas = Canvas { side: SIDE, line_width: 0.1, margin: 0.0, mean: 0.0, std: 1.0 };
        let labels = ["level", "upright", "crossed"].map(str::to_owned).to_vec();
        let preprocessing = Preprocessing::lines(canvas);
        let description = ModelMetadata { labels, preprocessing, provenance: Default::default() };
        let packed = pack(&trained, description).unwrap();
        let mut session = Session::new(&Model::new(packed.clone()).unwrap());
        let close = |a: &[f32], b: &[f32]| {
            let largest = b.iter().fold(0.0_f32, |most, logit| most.max(logit.abs()));
            a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-3 * largest)
        };
        let (mut by_engine, mut by_node) = (0, 0);
        for (input, expected) in inputs.iter().zip(trained.logits(&inputs).unwrap()) {
            by_engine += usize::from(close(session.run(input).unwrap(), &expected));
            by_node += usize::from(close(node_outputs(&packed, input).unwrap().last().unwrap(), &expected));
        }
        // A sign within rounding of zero may fall either way.
        assert!(by_engine >= 94 && by_node >= 94, "{policy}: {by_engine} and {by_node} of 96");
        assert!(node_outputs(&packed, &inputs[0][1..]).is_err());
        for (spec, values) in trained.parameters().iter() {
            let InitialValues::Constant(initial) = spec.initial else { continue };
            // A channel may have nothing to learn from.
            let learned = values.iter().filter(|&&value| value != initial).count();
            assert!(2 * learned > values.len(), "{policy} {}: {values:?}", spec.name);
        }
    }
}

#[test]
fn a_seed_decides_everything_and_threads_nothing() {
    let graph = network("fbin");
    let first = train(&graph, config(3));
    assert_eq!(first.parameters(), train(&graph, config(3)).parameters());
    assert_eq!(first.parameters(), train(&graph, config(3).with_threads(1)).parameters());
    assert_eq!(first.parameters(), train(&graph, config(3).with_threads(6)).parameters());
    assert_ne!(first.parameters(), train(&graph, config(4)).parameters());
}

#[test]
fn binary_filters_have_two_values_and_latent_weights_stay_in_range() {
    let graph = network("fbin");
    let trained = train(&graph, config(5));
    for (id, _, conv) in graph.convolutions() {
        let effective = trained.effective_weights(id).unwrap();
        let filters = effective.weights.chunks(effective.weights.len() / conv.out_channels);
        if conv.precision.binary_weights() {
            assert_eq!(effective.splits.len(), conv.out_channels);
            for (filter, split) in filters.zip(&effective.splits) {
                assert!(filter.iter().all(|&weight| weight == split.alpha || weight == split.beta));
            }
        } else {
            assert!(effective.splits.is_empty());
        }
    }
}

#[test]
fn progress_counts_to_the_end() {
    let graph = network("full");
    let (mut steps, mut epochs, mut last) = (0, 0, None);
    Trainer::new(&graph, config(0).with_epochs(2), &LineExamples)
        .unwrap()
        .train(|progress| {
            steps += 1;
            epochs += usize::from(progress.ends_epoch());
            last = Some(*progress);
        })
        .unwrap();
    let last = last.unwrap();
    assert_eq!((steps, epochs), (12, 2));
    assert_eq!((last.step, last.steps, last.epoch, last.examples), (12, 12, 2, 384));
    assert!(last.time_left().is_zero());
}

#[test]
fn a_diverging_run_says_so() {
    let graph = network("full");
    let outcome =
        Trainer::new(&graph, config(0).with_learning_rate(1e30), &LineExamples).unwrap().train(|_| {});
    let error = outcome.unwrap_err();
    assert!(matches!(error, TrainError::Diverged { .. } | TrainError::Split { .. }), "{error}");
    assert!(error.to_string().contains("learning rate"), "{error}");
}

#[test]
fn a_label_without_an_output_is_refused() {
    let mut net = GraphBuilder::new("two", &Policy::Full, Shape::new(1, SIDE, SIDE));
    net.conv("conv1", ConvSpec::new(2, SIDE));
    let graph = net.build().unwrap();
    let error = Trainer::new(&graph, config(0), &LineExamples).err().unwrap();
    assert!(error.to_string().contains("label 2"), "{error}");
}

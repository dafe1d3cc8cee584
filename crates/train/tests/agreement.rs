//! The packed engine against the trainer, on real sketches (the design's "numbers that must
//! agree").

use dabnet_binarize::Scheme;
use dabnet_data::{Dataset, Part, SketchExamples};
use dabnet_engine::{Isa, Model, PackedModel, Session};
use dabnet_graph::{ArchitectureOptions, Canvas, Policy, Preprocessing, WeightFormat, architectures};
use dabnet_sketch::{Augmentation, Preprocess, TrainingPipeline};
use dabnet_train::{ModelMetadata, TrainConfig, TrainedNetwork, Trainer, node_outputs, pack};

const PREPROCESSING: Preprocessing =
    Preprocessing::lines(Canvas { side: 64, line_width: 0.04, margin: 0.03, mean: 0.0, std: 1.0 });
const VIEW: TrainingPipeline =
    TrainingPipeline { preprocessing: PREPROCESSING, augmentation: Augmentation::light() };

/// Number of sketches to test on.
const TEST_SKETCHES: usize = 600;
/// Of the sketches, at least this share must get the same first label.
const TOP1_AGREEMENT: f64 = 0.999;
/// Largest difference of a logit, relative to the largest logit of its sketch.
const LOGIT_TOLERANCE: f32 = 1e-3;

fn trained(policy: &Policy, scheme: Scheme, options: ArchitectureOptions, data: &Dataset) -> TrainedNetwork {
    let architecture = architectures::find("sketch-a-net-64").unwrap();
    let graph = architecture.graph_with(PREPROCESSING.canvas.side, 20, policy, options).unwrap();
    let examples = SketchExamples::new(data, Part::Train, VIEW).unwrap();
    let config = TrainConfig::default()
        .with_scheme(scheme)
        .with_epochs(1)
        .with_batch(64)
        .with_learning_rate(3e-3)
        .with_center(scheme == Scheme::Sign)
        .with_label_smoothing(0.1)
        .with_seed(7)
        .with_threads(2);
    Trainer::new(&graph, config, &examples).unwrap().train(|_| {}).unwrap()
}

fn packed(trained: &TrainedNetwork, data: &Dataset) -> PackedModel {
    let description = ModelMetadata {
        labels: data.labels().to_vec(),
        preprocessing: PREPROCESSING,
        provenance: Default::default(),
    };
    let bytes = pack(trained, description).unwrap().to_bytes().unwrap();
    PackedModel::from_bytes(&bytes).unwrap()
}

fn first(logits: &[f32]) -> usize {
    (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap()
}

/// Trains for an epoch, packs, and compares every sketch of both splits.
fn agrees(policy: &str, input_bits: &str, scheme: Scheme) {
    let input_bits = input_bits.parse().unwrap();
    agrees_with(policy, scheme, ArchitectureOptions::default().with_input_bits(input_bits));
}

fn agrees_with(policy: &str, scheme: Scheme, options: ArchitectureOptions) {
    let data = Dataset::bundled().unwrap();
    let trained = trained(&policy.parse().unwrap(), scheme, options, &data);
    let parts = [Part::Test, Part::Train].map(|part| data.labeled_sketches(part).unwrap());
    let sketches = parts.iter().flatten();
    let canvases: Vec<Vec<f32>> =
        sketches.map(|example| PREPROCESSING.apply(&example.sketch.drawing)).collect();
    assert_eq!(canvases.len(), 4000);
    let expected = trained.logits(&canvases).unwrap();

    for isa in Isa::supported() {
        let model = Model::with_isa(packed(&trained, &data), isa).unwrap();
        let mut session = Session::new(&model);
        let (mut same, mut within) = (0, 0);
        // All instruction sets give the same bits, which the engine's tests hold: the sketches to test on are enough of
        // those that are slow.
        let count = if Isa::select().unwrap() == isa { canvases.len() } else { TEST_SKETCHES };
        for (canvas, expected) in canvases[..count].iter().zip(&expected) {
            let found = session.run(canvas).unwrap();
            let largest = expected.iter().fold(0.0f32, |most, logit| most.max(logit.abs()));
            let difference = found.iter().zip(expected).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
            same += usize::from(first(found) == first(expected));
            within += usize::from(difference <= LOGIT_TOLERANCE * largest);
        }
        let share = |part: usize| part as f64 / count as f64;
        println!("{policy} {scheme} {isa}: same label {same}, logits within tolerance {within} of {count}");
        assert!(share(same) >= TOP1_AGREEMENT, "{policy} {scheme} {isa}: {same} labels agree");
        // What a sign or a quantizer reads may be within rounding of where it gives something else, fall either
        // way, and move a logit: the more often, the more comparisons there are.
        let most = trained.graph().convolutions().filter_map(|(id, ..)| trained.graph().input_bits(id)).max();
        let enough = if most == Some(4) { 0.98 } else { 0.99 };
        assert!(share(within) >= enough, "{policy} {scheme} {isa}: {within} within tolerance");
    }
}

/// Outputs computed node by node end in the engine's logits, on random models of every kind of branch.
#[test]
fn node_outputs_end_in_the_logits_of_the_engine() {
    for name in
        ["sketch-a-net-64", "dabnet-s", "resnet-18", "googlenet", "squeezenet", "densenet-121", "mobilenet"]
    {
        let graph =
            architectures::find(name).unwrap().graph(PREPROCESSING.canvas.side, 5, &Policy::Fbin).unwrap();
        let packed = PackedModel::random(graph, PREPROCESSING, 7);
        let canvas: Vec<f32> = (0..PREPROCESSING.canvas.side * PREPROCESSING.canvas.side)
            .map(|at| f32::from(at % 37 < 5))
            .collect();
        let outputs = node_outputs(&packed, &canvas).unwrap();
        for (id, output) in outputs.iter().enumerate() {
            assert_eq!(output.len(), packed.graph.shape(id).elements(), "{name}, node {id}");
        }
        let mut session = Session::new(&Model::new(packed).unwrap());
        let expected = session.run(&canvas).unwrap();
        let largest = expected.iter().fold(0.0f32, |most, logit| most.max(logit.abs()));
        for (found, expected) in outputs.last().unwrap().iter().zip(expected) {
            assert!((found - expected).abs() <= LOGIT_TOLERANCE * largest, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn full_precision_agrees() {
    agrees("full", "1", Scheme::Dab);
}

/// First and last layer are stored in eight bits, as in all networks with binary layers.
#[test]
fn dab_net_agrees() {
    agrees("fbin", "1", Scheme::Dab);
}

#[test]
fn ends_in_single_precision_agree() {
    agrees_with("fbin", Scheme::Dab, ArchitectureOptions::default().with_ends(Some(WeightFormat::F32)));
}

#[test]
fn xnor_net_agrees() {
    agrees("fbin", "1", Scheme::Sign);
}

#[test]
fn inputs_of_two_bits_agree() {
    agrees("fbin", "2", Scheme::Dab);
}

#[test]
fn inputs_of_four_bits_agree() {
    agrees("fbin", "4", Scheme::Dab);
}

#[test]
fn real_inputs_agree() {
    agrees("wbin", "1", Scheme::Dab);
}

#[test]
fn a_hybrid_agrees() {
    agrees("hybrid:conv2,conv6", "2,conv3=1,conv5=4", Scheme::Mean);
}

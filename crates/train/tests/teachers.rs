//! Tests of several teachers with other canvases and labels than the student, and of unlabeled examples.

use crate::common::{LineExamples, SIDE, StopAt, about, config, labels, network, plain};
use dabnet_data::{BatchOrder, DataError, load_batches};
use dabnet_engine::{Model, PackedModel, Session};
use dabnet_graph::{ConvSpec, Graph, GraphBuilder, Policy, Shape};
use dabnet_train::{
    Checkpoint, Distillation, Examples, Schedule, Teacher, TrainConfig, TrainedNetwork, Trainer,
    TrainingOutcome,
};
use rand::Rng;
use rand_pcg::Pcg64;

/// The lines, the last without labels, with a viewer that sees them at twice the side.
struct Seen;

impl Examples for Seen {
    fn len(&self) -> usize {
        LineExamples.len()
    }

    fn labeled_len(&self) -> usize {
        130
    }

    fn label(&self, index: usize) -> usize {
        assert!(index < 130, "nobody knows");
        LineExamples.label(index)
    }

    fn draw(&self, index: usize, rng: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        LineExamples.draw(index, rng)
    }

    fn viewers(&self) -> usize {
        1
    }

    fn draw_for(&self, _: usize, index: usize, rng: &Pcg64) -> Result<Vec<f32>, DataError> {
        let canvas = self.draw(index, &mut rng.clone())?;
        let side = 2 * SIDE;
        Ok((0..side * side).map(|at| 1.0 - canvas[at / side / 2 * SIDE + at % side / 2]).collect())
    }
}

/// A network of twice the side and one more label.
fn larger() -> Graph {
    let mut net = GraphBuilder::new("larger", &Policy::Fbin, Shape::new(1, 2 * SIDE, 2 * SIDE));
    net.full_layer("conv1", ConvSpec::new(8, 5).stride(2));
    net.layer("conv2", ConvSpec::new(32, 3));
    net.conv("conv3", ConvSpec::new(4, 8));
    net.build().unwrap()
}

fn models() -> [PackedModel; 2] {
    let packed = |graph: Graph, names: &[&str], seed| {
        let about = about(graph.input_shape().height, names.iter().map(|name| name.to_string()).collect());
        let random = PackedModel::random(graph, about.preprocessing, seed);
        PackedModel { labels: about.labels, ..random }
    };
    [
        packed(network("full"), &["level", "upright", "crossed"], 1),
        packed(larger(), &["crossed", "round", "level", "upright"], 2),
    ]
}

fn teachers() -> [Teacher; 2] {
    let [first, second] = models().map(|model| Teacher::new(model, &labels()).unwrap());
    [first, second.with_viewer(0)]
}

fn distilled(weight: f32) -> TrainConfig {
    config().with_distillation(Some(Distillation::default().with_weight(weight).with_temperature(3.0)))
}

fn softmax(logits: &[f32]) -> Vec<f64> {
    let powers: Vec<f64> = logits.iter().map(|&logit| (f64::from(logit) / 3.0).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / total).collect()
}

/// The loss of the first batch, by hand.
#[test]
fn several_teachers_are_the_mean_of_their_probabilities() {
    let graph = plain();
    // So slow that the network after the first step is the one before it.
    let config = distilled(1.0)
        .with_learning_rate(1e-12)
        .with_schedule(Schedule::Constant)
        .with_label_smoothing(0.0)
        .with_epochs(1);
    let teachers = teachers();
    let mut losses = Vec::new();
    let trainer = Trainer::new(&graph, config.clone(), &Seen).unwrap().teachers(&teachers).unwrap();
    let trained = trainer.train(|progress| losses.push(progress.loss)).unwrap();

    let order =
        BatchOrder { batch: config.batch, seed: config.seed, first: 0, count: 1, threads: 1, ahead: 1 };
    let batch = load_batches(&Seen, &order, |batches| batches.next().unwrap().unwrap());
    assert!(batch.labels.iter().any(Option::is_none) && batch.labels.iter().any(Option::is_some));
    let mut sessions = models().map(|model| Session::new(&Model::new(model).unwrap()));
    let inputs: Vec<Vec<f32>> = batch.values.chunks(SIDE * SIDE).map(<[f32]>::to_vec).collect();
    let logits = trained.logits(&inputs).unwrap();
    let mut loss = 0.0;
    for (at, input) in inputs.iter().enumerate() {
        let first = softmax(sessions[0].run(input).unwrap());
        let seen = &batch.views[0][4 * at * SIDE * SIDE..][..4 * SIDE * SIDE];
        let second = sessions[1].run(seen).unwrap();
        let second = softmax(&[second[2], second[3], second[0]]);
        let student = softmax(&logits[at]);
        for class in 0..3 {
            let says = f64::midpoint(first[class], second[class]);
            loss += 9.0 * says * (says / student[class]).ln();
        }
    }
    let loss = loss / inputs.len() as f64;
    assert!((f64::from(losses[0]) - loss).abs() < 1e-4 * loss.abs().max(1.0), "{} and {loss}", losses[0]);
}

fn trainer<'a>(graph: &'a Graph, threads: usize, teachers: &'a [Teacher]) -> Trainer<'a, Seen> {
    let config = distilled(0.5).with_threads(threads);
    let trainer = Trainer::new(graph, config, &Seen).unwrap().teachers(teachers).unwrap();
    trainer.labels(labels()).unwrap().unlabelled_data(vec![7])
}

#[test]
fn a_run_with_teachers_goes_on_to_the_same_end_on_any_threads() {
    let graph = network("fbin");
    let teachers = teachers();
    let whole: TrainedNetwork = trainer(&graph, 2, &teachers).train(|_| {}).unwrap();
    let mut stop = StopAt { step: 8, ..StopAt::default() };
    let outcome = trainer(&graph, 3, &teachers).train_with(&mut stop).unwrap();
    assert!(matches!(outcome, TrainingOutcome::Stopped(_)));
    let checkpoint = || Checkpoint::from_bytes(stop.checkpoint.as_ref().unwrap()).unwrap();
    let resumed = trainer(&graph, 1, &teachers).resume(checkpoint(), stop.history.clone()).unwrap();
    assert_eq!(resumed.train(|_| {}).unwrap().parameters(), whole.parameters());

    // Neither with other teachers nor with other data.
    let refused = |teachers: &[Teacher], data: u32| {
        let trainer = trainer(&graph, 1, teachers).unlabelled_data(vec![data]);
        let resumed = trainer.resume(checkpoint(), stop.history.clone());
        resumed.and_then(|trainer| trainer.train(|_| {})).unwrap_err().to_string()
    };
    assert!(refused(&teachers[..1], 7).contains("fingerprint of the teacher"));
    assert!(refused(&teachers, 8).contains("data without labels is 00000007"));
}

#[test]
fn labels_are_found_by_name() {
    let [first, second] = models();
    let other = PackedModel { labels: ["level", "upright", "cross"].map(str::to_owned).into(), ..first };
    let error = Teacher::new(other, &labels()).unwrap_err().to_string();
    assert!(error.contains("'crossed'"), "{error}");
    assert!(Teacher::new(second, &labels()).is_ok());
}

#[test]
fn what_a_teacher_sees_must_be_shown_to_it() {
    let graph = network("full");
    let refused = |teacher: Teacher| {
        let trainer = Trainer::new(&graph, distilled(0.5), &LineExamples).unwrap();
        trainer.teachers(&[teacher]).err().unwrap().to_string()
    };
    let [_, second] = teachers();
    assert!(refused(second).contains("do not show"));
    let [_, model] = models();
    assert!(refused(Teacher::new(model, &labels()).unwrap()).contains("another canvas"));
    let error = Trainer::new(&graph, config(), &Seen).unwrap().train(|_| {}).unwrap_err().to_string();
    assert!(error.contains("no teacher"), "{error}");
}

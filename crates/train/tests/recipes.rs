//! Tests that each setting of a recipe has its effect.

use crate::common::{LineExamples, StillLines, accuracy, config, network, plain, taught_by, train};
use dabnet_binarize::Scheme;
use dabnet_train::{
    Accumulation, Distillation, EpochReport, Examples, Moments, Momentum, Optimizer, Parameters, RunControl,
    Schedule, TrainConfig, TrainError, TrainedNetwork, Trainer, TrainingObserver, WeightGradient,
};

fn sgd(momentum: f32) -> Optimizer {
    Optimizer::Sgd(Momentum { momentum, nesterov: false })
}

/// The largest difference between two networks' weights.
fn distance(a: &Parameters, b: &Parameters) -> f32 {
    let weights = |parameters: &Parameters| -> Vec<f32> {
        let weights = parameters.iter().filter(|(spec, _)| spec.name == "weight");
        weights.flat_map(|(_, values)| values.to_vec()).collect()
    };
    weights(a).iter().zip(weights(b)).fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

#[test]
fn every_recipe_learns() {
    let base = config().with_epochs(16);
    let cosine = Schedule::Cosine { warm_up_epochs: 1.0, floor: 1e-4 };
    let recipes = [
        base.clone().with_optimizer(sgd(0.9)).with_learning_rate(0.05),
        base.clone()
            .with_optimizer(Optimizer::AdamW(Moments::default()))
            .with_weight_decay(0.01)
            .with_schedule(cosine),
        base.clone().with_ema(Some(0.9)).with_schedule(Schedule::Constant),
        base.clone().with_real_weight_epochs(6),
        base.clone().with_weight_gradient(WeightGradient::Published).with_center(true),
        base.clone().with_scheme(Scheme::Sign).with_weight_gradient(WeightGradient::Published),
        base.with_accumulate(vec![Accumulation { epoch: 12, steps: 2 }]),
    ];
    for recipe in recipes {
        let accuracy = accuracy(&train(&network("fbin"), recipe.clone()));
        assert!(accuracy > 0.85, "{accuracy}: {recipe:?}");
    }
}

#[test]
fn the_published_recipe_learns() {
    for dab in [true, false] {
        let published = TrainConfig::published(dab);
        let recipe = published.with_epochs(20).with_batch(16).with_threads(2).with_seed(1);
        let accuracy = accuracy(&train(&network("fbin"), recipe));
        assert!(accuracy > 0.7, "dab {dab}: {accuracy}");
    }
}

/// The same examples, in the same order, for any batch size.
#[test]
fn batches_that_are_summed_up_are_one_batch() {
    let whole = config().with_epochs(2).with_batch(64).with_optimizer(sgd(0.9)).with_learning_rate(0.01);
    let constant = whole.with_schedule(Schedule::Constant);
    let accumulate = vec![Accumulation { epoch: 1, steps: 4 }];
    let parts = constant.clone().with_batch(16).with_accumulate(accumulate);
    let start = Parameters::new(&plain(), constant.seed);
    let (whole, parts) = (train(&plain(), constant), train(&plain(), parts));
    let moved = distance(&start, whole.parameters());
    let apart = distance(whole.parameters(), parts.parameters());
    assert!(moved > 1e-3 && apart < 1e-5, "moved by {moved}, {apart} apart");
}

/// Keeps what the network is validated with at every epoch's end.
#[derive(Default)]
struct Shares(Vec<f64>, Vec<bool>);

impl TrainingObserver for Shares {
    fn epoch(&mut self, report: &EpochReport<'_>) -> Result<RunControl, TrainError> {
        self.0.push(report.validation.unwrap().loss);
        self.1.push(report.best);
        Ok(RunControl::Continue)
    }
}

#[test]
fn real_weights_come_first_and_only_then_binary_ones() {
    let run = |real_weight_epochs, scheme| {
        let graph = network("fbin");
        let config = config()
            .with_real_weight_epochs(real_weight_epochs)
            .with_scheme(scheme)
            .with_schedule(Schedule::Constant);
        let mut shares = Shares::default();
        let trainer = Trainer::new(&graph, config, &LineExamples).unwrap().validate(&StillLines).unwrap();
        let trained = trainer.train_with(&mut shares).unwrap().into_trained();
        (shares, trained)
    };
    // With real weights no scheme has a say.
    let ((real_dab, _), (real_sign, _)) = (run(3, Scheme::Dab), run(3, Scheme::Sign));
    assert_eq!(real_dab.0[..3], real_sign.0[..3]);
    assert_ne!(real_dab.0[3], real_sign.0[3]);
    let ((dab, _), (sign, _)) = (run(0, Scheme::Dab), run(0, Scheme::Sign));
    assert_ne!(dab.0[0], sign.0[0]);
    // What is no binary network is never the best one.
    assert_eq!(real_dab.1, [false, false, false, true]);
    assert!(dab.1[0]);
}

#[test]
fn an_average_is_validated_and_returned() {
    let graph = network("fbin");
    let averaged = train(&graph, config().with_ema(Some(0.98)));
    let last = train(&graph, config());
    assert_ne!(averaged.parameters(), last.parameters());
    let start = Parameters::new(&graph, config().seed);
    let distances = [averaged.parameters(), last.parameters()].map(|end| distance(&start, end));
    assert!(distances[0] < distances[1], "{distances:?}");
    // A decay of nothing keeps nothing.
    assert_eq!(train(&graph, config().with_ema(Some(0.0))).parameters(), last.parameters());
}

fn logits(trained: &TrainedNetwork) -> Vec<f32> {
    let mut rng = rand_pcg::Pcg64::new(0, 0);
    let inputs: Vec<Vec<f32>> = (0..50).map(|index| StillLines.draw(index, &mut rng).unwrap()).collect();
    trained.logits(&inputs).unwrap().concat()
}

/// Mean divergence of two networks' answers at temperature 1.
fn divergence(teacher: &[f32], student: &[f32]) -> f64 {
    let softmax = |row: &[f32]| -> Vec<f64> {
        let powers: Vec<f64> = row.iter().map(|&logit| f64::from(logit).exp()).collect();
        let total: f64 = powers.iter().sum();
        powers.into_iter().map(|power| power / total).collect()
    };
    let rows = teacher.chunks(3).zip(student.chunks(3));
    let sum: f64 = rows
        .map(|(teacher, student)| {
            let pairs = softmax(teacher).into_iter().zip(softmax(student));
            pairs.map(|(t, s)| t * (t / s).ln()).sum::<f64>()
        })
        .sum();
    sum / 50.0
}

/// A teacher of wrong labels: its answers are learned from it alone.
#[test]
fn a_teacher_alone_pulls_towards_itself() {
    struct Shifted;
    impl Examples for Shifted {
        fn len(&self) -> usize {
            LineExamples.len()
        }

        fn label(&self, index: usize) -> usize {
            (LineExamples.label(index) + 1) % 3
        }

        fn draw(&self, index: usize, rng: &mut dyn rand::Rng) -> Result<Vec<f32>, dabnet_data::DataError> {
            LineExamples.draw(index, rng)
        }
    }
    let (full, binary) = (network("full"), network("fbin"));
    let base = config().with_epochs(12);
    let teacher = Trainer::new(&full, base.clone(), &Shifted).unwrap().train(|_| {}).unwrap();
    assert!(accuracy(&teacher) < 0.1);
    let taught = |weight| {
        let distillation = Some(Distillation::default().with_weight(weight).with_temperature(2.0));
        let config = base.clone().with_distillation(distillation);
        let teachers = [taught_by(&teacher)];
        let trainer = Trainer::new(&binary, config, &LineExamples).unwrap().teachers(&teachers).unwrap();
        trainer.train(|_| {}).unwrap()
    };
    let (alone, labels) = (taught(1.0), taught(0.0));
    assert!(accuracy(&labels) > 0.9 && accuracy(&alone) < 0.1);
    let says = logits(&teacher);
    let (near, far) = (divergence(&says, &logits(&alone)), divergence(&says, &logits(&labels)));
    assert!(near < 0.3 && near < far / 5.0, "{near} and {far}");
}

#[test]
fn a_teacher_and_its_configuration_come_together() {
    let graph = network("full");
    let teacher = train(&graph, config().with_epochs(1));
    let teachers = [taught_by(&teacher)];
    let error = Trainer::new(&graph, config(), &LineExamples).unwrap().teachers(&teachers).err().unwrap();
    assert!(error.to_string().contains("distillation"), "{error}");
    let distilled = config().with_distillation(Some(Distillation::default()));
    let error = Trainer::new(&graph, distilled, &LineExamples).unwrap().train(|_| {}).unwrap_err();
    assert!(error.to_string().contains("teacher"), "{error}");
}

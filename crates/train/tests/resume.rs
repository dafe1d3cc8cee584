//! Tests that a resumed run ends as if it had never stopped.

use crate::common::{LineExamples, StillLines, StopAt, config, network};
use dabnet_binarize::Scheme;
use dabnet_graph::Graph;
use dabnet_train::{
    Accumulation, Checkpoint, Moments, Momentum, Optimizer, Schedule, TrainConfig, TrainError,
    TrainedNetwork, Trainer, TrainingOutcome, WeightGradient, WeightHistory,
};

fn trainer(graph: &Graph, config: TrainConfig) -> Trainer<'_, LineExamples> {
    Trainer::new(graph, config, &LineExamples).unwrap().validate(&StillLines).unwrap()
}

fn unbroken(graph: &Graph, config: &TrainConfig) -> TrainedNetwork {
    trainer(graph, config.clone()).train(|_| {}).unwrap()
}

/// Stops after each of `steps`, keeps only a checkpoint's bytes, and resumes.
fn broken(graph: &Graph, config: &TrainConfig, steps: &[usize]) -> TrainedNetwork {
    let mut saved: Option<(Vec<u8>, WeightHistory)> = None;
    for &step in steps {
        let mut observer = StopAt { step, ..StopAt::default() };
        let outcome = resumed(graph, config, saved.as_ref()).train_with(&mut observer).unwrap();
        assert!(matches!(outcome, TrainingOutcome::Stopped(_)), "step {step}");
        saved = Some((observer.checkpoint.unwrap(), observer.history));
    }
    resumed(graph, config, saved.as_ref()).train(|_| {}).unwrap()
}

fn resumed<'a>(
    graph: &'a Graph,
    config: &TrainConfig,
    saved: Option<&(Vec<u8>, WeightHistory)>,
) -> Trainer<'a, LineExamples> {
    let trainer = trainer(graph, config.clone());
    match saved {
        Some((bytes, history)) => {
            trainer.resume(Checkpoint::from_bytes(bytes).unwrap(), history.clone()).unwrap()
        }
        None => trainer,
    }
}

fn same(policy: &str, config: &TrainConfig, steps: &[usize]) {
    let graph = network(policy);
    let (whole, parts) = (unbroken(&graph, config), broken(&graph, config, steps));
    assert_eq!(whole.parameters(), parts.parameters(), "{policy} {config:?}, stopped after {steps:?}");
    assert_eq!(whole.history(), parts.history(), "{policy} {config:?}, stopped after {steps:?}");
}

/// Everything that has a state at once.
fn everything(optimizer: Optimizer) -> TrainConfig {
    config()
        .with_optimizer(optimizer)
        .with_ema(Some(0.9))
        .with_accumulate(vec![Accumulation { epoch: 2, steps: 4 }])
        .with_real_weight_epochs(1)
        .with_weight_decay(1e-3)
        .with_weight_gradient(WeightGradient::Published)
}

#[test]
fn every_optimizer_goes_on_as_if_nothing_had_happened() {
    let sgd = |momentum, nesterov| Optimizer::Sgd(Momentum { momentum, nesterov });
    let optimizers = [
        Optimizer::Adam(Moments::default()),
        Optimizer::AdamW(Moments::default()),
        sgd(0.9, false),
        sgd(0.9, true),
        sgd(0.0, false),
    ];
    for (number, optimizer) in optimizers.into_iter().enumerate() {
        same("fbin", &everything(optimizer), &[1 + 4 * number]);
    }
}

#[test]
fn any_step_is_as_good_to_stop_at() {
    let config = everything(Optimizer::default());
    same("fbin", &config, &[2, 6, 7, 11, 23]);
    same("wbin", &crate::common::config().with_scheme(Scheme::Sign).with_center(true), &[5, 12, 18]);
    same("full", &crate::common::config().with_schedule(Schedule::Constant), &[1, 2, 3]);
}

#[test]
fn other_threads_go_on_to_the_same_end() {
    let graph = network("fbin");
    let whole = unbroken(&graph, &config());
    let mut stop = StopAt { step: 9, ..StopAt::default() };
    trainer(&graph, config()).train_with(&mut stop).unwrap();
    let saved = (stop.checkpoint.unwrap(), stop.history);
    let config = config().with_threads(1);
    assert_eq!(
        resumed(&graph, &config, Some(&saved)).train(|_| {}).unwrap().parameters(),
        whole.parameters()
    );
}

#[test]
fn a_longer_run_goes_on_where_the_learning_rate_does_not_mind() {
    let graph = network("fbin");
    let halving = Schedule::Halving { every_epochs: 1, floor: 1e-4 };
    let long = config().with_schedule(halving);
    let mut stop = StopAt { step: 12, ..StopAt::default() };
    trainer(&graph, long.clone().with_epochs(2)).train_with(&mut stop).unwrap();
    let saved = (stop.checkpoint.unwrap(), stop.history);
    let longer = resumed(&graph, &long, Some(&saved)).train(|_| {}).unwrap();
    assert_eq!(longer.parameters(), unbroken(&graph, &long).parameters());
}

#[test]
fn another_run_is_refused_and_says_why() {
    let graph = network("fbin");
    let mut stop = StopAt { step: 9, ..StopAt::default() };
    trainer(&graph, config()).train_with(&mut stop).unwrap();
    let checkpoint = Checkpoint::from_bytes(&stop.checkpoint.unwrap()).unwrap();
    let refuse = |graph: &Graph, config: TrainConfig, reason: &str| {
        let resumed = trainer(graph, config).resume(checkpoint.clone(), WeightHistory::default());
        let error = resumed.err().unwrap();
        assert!(matches!(error, TrainError::Mismatch { .. }), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    };
    refuse(&network("wbin"), config(), "policy is fbin in the checkpoint and wbin now");
    refuse(&crate::common::plain(), config(), "architecture");
    refuse(&graph, config().with_seed(4), "seed is 3 in the checkpoint and 4 now");
    let faster = config().with_learning_rate(0.01);
    refuse(&graph, faster, "learning_rate is 0.005 in the checkpoint and 0.01 now");
    refuse(&graph, config().with_scheme(Scheme::Mean), "scheme");
    let longer = trainer(&graph, config().with_epochs(5));
    let longer = longer.resume(checkpoint.clone(), WeightHistory::default()).err().unwrap();
    assert!(matches!(longer, TrainError::Longer { begun: 4, now: 5 }), "{longer}");
    refuse(&graph, config().with_ema(Some(0.9)), "ema is null");
}

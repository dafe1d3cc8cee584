//! Tests of run folders.

use std::{
    cell::Cell,
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::common::{LineExamples, StillLines, config, network};
use dabnet_graph::Graph;
use dabnet_train::{
    CheckpointKind, MetricRecord, ModelMetadata, Momentum, Optimizer, Progress, RunControl, RunFolder,
    SaveSchedule, TrainConfig, TrainError, Trainer, TrainingObserver, TrainingOutcome, pack,
};

fn trainer(graph: &Graph, config: TrainConfig) -> Trainer<'_, LineExamples> {
    let labels = ["level", "upright", "crossed"].map(str::to_owned).to_vec();
    let trainer = Trainer::new(graph, config, &LineExamples).unwrap();
    trainer.validate(&StillLines).unwrap().labels(labels).unwrap()
}

fn saving() -> SaveSchedule {
    SaveSchedule::default().with_every(Duration::MAX).with_every_steps(Some(4)).with_metrics_every_steps(2)
}

/// Observer that does nothing.
struct SilentObserver;

impl TrainingObserver for SilentObserver {}

/// Observer that fails at a step, after which nothing is written, as in a killed process.
struct FailingObserver(usize);

impl TrainingObserver for FailingObserver {
    fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
        if progress.step == self.0 {
            return Err(TrainError::Observer("killed".to_owned()));
        }
        Ok(RunControl::Continue)
    }
}

/// Observer that collects warnings.
#[derive(Default)]
struct WarningCollector(String);

impl TrainingObserver for WarningCollector {
    fn warn(&mut self, message: &str) {
        self.0 += message;
    }
}

fn kill(folder: &Path, graph: &Graph, config: &TrainConfig, step: usize) {
    let run = RunFolder::create(folder).unwrap();
    let error = run.train(trainer(graph, config.clone()), saving(), &mut FailingObserver(step)).unwrap_err();
    assert_eq!(error.to_string(), "killed");
}

/// Files of a run without the times in them.
fn content(run: &RunFolder) -> (Vec<u8>, String, Vec<MetricRecord>) {
    let untimed = |mut metric: MetricRecord| {
        let step = match &mut metric {
            MetricRecord::Step(step) => step,
            MetricRecord::Epoch(epoch) => &mut epoch.step,
        };
        (step.seconds, step.examples_per_second) = (0.0, 0.0);
        metric
    };
    let parameters = format!("{:?}", run.trained(CheckpointKind::Latest).unwrap().parameters());
    let best = format!("{:?}", run.trained(CheckpointKind::Best).unwrap().parameters());
    let history = fs::read_to_string(run.folder().join("history.jsonl")).unwrap();
    let metrics = run.metrics().unwrap().into_iter().map(untimed).collect();
    ((parameters + &best).into_bytes(), history, metrics)
}

fn finish(folder: &Path, graph: &Graph, config: &TrainConfig) -> RunFolder {
    let run = RunFolder::create(folder).unwrap();
    let outcome = run.train(trainer(graph, config.clone()), saving(), &mut SilentObserver).unwrap();
    assert!(matches!(outcome, TrainingOutcome::Finished(_)));
    run
}

#[test]
fn a_killed_run_ends_with_the_same_files() {
    let (graph, config) = (network("fbin"), config().with_ema(Some(0.9)));
    let folder = tempfile::tempdir().unwrap();
    let whole = content(&finish(&folder.path().join("whole"), &graph, &config));
    assert_eq!(whole.1.lines().count(), 5);

    let broken = folder.path().join("broken");
    for step in [3, 7, 13, 14, 22] {
        kill(&broken, &graph, &config, step);
        // What a process leaves that is killed while it writes.
        for file in ["latest.safetensors", "config.toml"] {
            fs::write(broken.join(format!(".{file}.4711.tmp")), b"torn").unwrap();
        }
        for lines in ["history.jsonl", "metrics.jsonl"] {
            let mut text = fs::read(broken.join(lines)).unwrap();
            text.extend(b"{\"epoch\": 3, \"la");
            fs::write(broken.join(lines), text).unwrap();
        }
    }
    assert!(whole == content(&finish(&broken, &graph, &config)));
    let left: Vec<_> = fs::read_dir(&broken).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

/// Environment variable with the folder of the process that the test below starts and kills: itself.
const FOLDER: &str = "DABNET_TEST_RUN";

/// Observer that prints a line after every step.
struct PrintSteps;

impl TrainingObserver for PrintSteps {
    fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
        println!("step {}", progress.step);
        Ok(RunControl::Continue)
    }
}

#[test]
fn a_process_killed_at_any_moment_goes_on() {
    let (graph, config) = (network("fbin"), config());
    if let Some(folder) = env::var_os(FOLDER) {
        let saving = saving().with_every(Duration::ZERO);
        RunFolder::create(folder).unwrap().train(trainer(&graph, config), saving, &mut PrintSteps).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = content(&finish(&folder.path().join("whole"), &graph, &config));
    let killed = folder.path().join("killed");
    let mut steps = Vec::new();
    for count in [1, 3, 2, 4, 3, 2] {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "run::a_process_killed_at_any_moment_goes_on", "--nocapture"])
            .env(FOLDER, &killed)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let printed = lines.map(Result::unwrap).filter(|line| line.starts_with("step ")).take(count);
        assert!(printed.count() == count || steps.last() > Some(&20), "training ended after {steps:?}");
        process.kill().unwrap();
        process.wait().unwrap();
        if let Ok(run) = RunFolder::open(&killed) {
            steps.push(run.checkpoint(CheckpointKind::Latest).unwrap().step());
        }
    }
    assert!(steps.is_sorted() && steps.last() > Some(&5), "killed after steps {steps:?}");
    assert!(whole == content(&finish(&killed, &graph, &config)));
}

#[test]
fn a_damaged_checkpoint_falls_back_to_the_best_and_ends_the_same() {
    let (graph, config) = (network("fbin"), config());
    let folder = tempfile::tempdir().unwrap();
    let whole = content(&finish(&folder.path().join("whole"), &graph, &config));
    let broken = folder.path().join("broken");
    kill(&broken, &graph, &config, 17);
    let latest = broken.join(CheckpointKind::Latest.file_name());
    let bytes = fs::read(&latest).unwrap();
    fs::write(&latest, &bytes[..bytes.len() / 2]).unwrap();

    let (run, mut warned) = (RunFolder::open(&broken).unwrap(), WarningCollector::default());
    run.train(trainer(&graph, config.clone()), saving(), &mut warned).unwrap();
    assert!(warned.0.contains("latest.safetensors"), "{}", warned.0);
    assert!(whole == content(&run));

    fs::write(&latest, b"torn").unwrap();
    fs::remove_file(run.path(CheckpointKind::Best)).unwrap();
    let error = run.train(trainer(&graph, config), saving(), &mut SilentObserver).unwrap_err();
    assert!(matches!(error, TrainError::File { .. }), "{error}");
    assert!(error.to_string().contains("latest.safetensors"), "{error}");
}

#[test]
fn a_run_that_is_stopped_goes_on_and_one_that_has_ended_stays() {
    struct StopAt(usize);
    impl TrainingObserver for StopAt {
        fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
            Ok(if progress.step == self.0 { RunControl::Stop } else { RunControl::Continue })
        }
    }
    let (graph, config) = (network("wbin"), config());
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(folder.path()).unwrap();
    let stopped = run.train(trainer(&graph, config.clone()), saving(), &mut StopAt(9)).unwrap();
    let TrainingOutcome::Stopped(stopped) = stopped else { panic!("it was not stopped") };
    assert_eq!(run.checkpoint(CheckpointKind::Latest).unwrap().step(), 9);
    assert_eq!(run.trained(CheckpointKind::Latest).unwrap().parameters(), stopped.parameters());
    let whole = crate::common::train(&graph, config.clone());
    for _ in 0..2 {
        let ended = run.train(trainer(&graph, config.clone()), saving(), &mut SilentObserver).unwrap();
        assert_eq!(ended.into_trained().parameters(), whole.parameters());
    }
    let trained = run.trained(CheckpointKind::Latest).unwrap();
    assert_eq!((trained.parameters(), trained.history()), (whole.parameters(), whole.history()));
}

#[test]
fn metrics_say_how_training_went() {
    let (graph, config) = (network("fbin"), config());
    let folder = tempfile::tempdir().unwrap();
    let run = finish(folder.path(), &graph, &config);
    let metrics = run.metrics().unwrap();
    let epochs: Vec<_> = metrics
        .iter()
        .filter_map(|metric| match metric {
            MetricRecord::Epoch(epoch) => Some(epoch),
            MetricRecord::Step(_) => None,
        })
        .collect();
    assert_eq!((metrics.len(), epochs.len()), (12 + 4, 4));
    for epoch in &epochs {
        let names: Vec<&str> = epoch.layers.iter().map(|layer| layer.layer.as_str()).collect();
        assert_eq!(names, ["conv2", "conv3"]);
        assert!(epoch.layers.iter().all(|layer| layer.flipped > 0.0 && layer.flipped < 0.5), "{epoch:?}");
        assert!(epoch.layers.iter().all(|layer| layer.alpha > layer.beta), "{epoch:?}");
        assert_eq!(epoch.validation.unwrap().count, 50);
    }
    let best = run.checkpoint(CheckpointKind::Best).unwrap();
    let most = epochs.iter().filter_map(|epoch| epoch.validation).fold(0.0, |most, v| v.top1.max(most));
    assert_eq!(best.validation(), best.best());
    assert_eq!(best.best().unwrap().top1, most);
    assert_eq!(epochs.iter().rev().find(|epoch| epoch.best).unwrap().step.step, best.step());
}

#[test]
fn what_a_run_keeps_can_be_packed() {
    let (graph, config) = (network("fbin"), config().with_real_weight_epochs(1));
    let folder = tempfile::tempdir().unwrap();
    // In the middle of the epochs with real weights.
    kill(folder.path(), &graph, &config, 5);
    let run = RunFolder::open(folder.path()).unwrap();
    let labels = run.checkpoint(CheckpointKind::Latest).unwrap().labels().to_vec();
    let canvas =
        dabnet_graph::Canvas { side: crate::common::SIDE, line_width: 0.1, margin: 0.0, mean: 0.0, std: 1.0 };
    let description = ModelMetadata {
        labels,
        preprocessing: dabnet_graph::Preprocessing::lines(canvas),
        provenance: Default::default(),
    };
    let packed = pack(&run.trained(CheckpointKind::Latest).unwrap(), description).unwrap();
    assert_eq!(packed.labels, ["level", "upright", "crossed"]);
    let recipe = &packed.provenance["recipe"];
    assert_eq!((&recipe["learning_rate"], &recipe["scheme"]), (&0.005.into(), &"dab".into()));
    assert!(recipe.get("ema").is_none(), "{recipe}");
}

#[test]
fn two_processes_do_not_train_one_run() {
    struct Second<'a>(&'a RunFolder, &'a Graph, Cell<bool>);
    impl TrainingObserver for Second<'_> {
        fn step(&mut self, _: &Progress) -> Result<RunControl, TrainError> {
            let second = self.0.train(trainer(self.1, config()), saving(), &mut SilentObserver);
            assert!(matches!(second, Err(TrainError::Busy { .. })));
            self.2.set(true);
            Ok(RunControl::Stop)
        }
    }
    let (graph, folder) = (network("full"), tempfile::tempdir().unwrap());
    let run = RunFolder::create(folder.path()).unwrap();
    let mut second = Second(&run, &graph, Cell::new(false));
    run.train(trainer(&graph, config()), saving(), &mut second).unwrap();
    assert!(second.2.get());
    // The lock is gone with the one who held it.
    run.train(trainer(&graph, config()), saving(), &mut SilentObserver).unwrap();
}

#[test]
fn a_folder_without_a_run_is_refused_and_another_run_too() {
    let folder = tempfile::tempdir().unwrap();
    assert!(RunFolder::open(folder.path()).unwrap_err().to_string().contains("latest.safetensors"));
    let graph = network("full");
    kill(folder.path(), &graph, &config(), 5);
    let other = trainer(&graph, config().with_batch(16));
    let error =
        RunFolder::create(folder.path()).unwrap().train(other, saving(), &mut SilentObserver).unwrap_err();
    assert!(error.to_string().contains("batch is 32 in the checkpoint and 16 now"), "{error}");
}

#[test]
fn a_history_that_lacks_an_epoch_is_an_error() {
    let (graph, folder) = (network("full"), tempfile::tempdir().unwrap());
    kill(folder.path(), &graph, &config(), 14);
    fs::write(folder.path().join("history.jsonl"), "").unwrap();
    let run = RunFolder::open(folder.path()).unwrap();
    let error = run.train(trainer(&graph, config()), saving(), &mut SilentObserver).unwrap_err();
    assert!(error.to_string().contains("history.jsonl"), "{error}");
}

#[test]
fn the_best_checkpoint_takes_the_place_of_a_latest_that_is_not_there() {
    let (graph, config) = (network("fbin"), config().with_epochs(1));
    let folder = tempfile::tempdir().unwrap();
    let run = finish(folder.path(), &graph, &config);
    let whole = content(&run);
    for damage in [|path: &Path| fs::remove_file(path), |path: &Path| fs::write(path, b"torn")] {
        damage(&run.path(CheckpointKind::Latest)).unwrap();
        assert!(whole == content(&finish(folder.path(), &graph, &config)));
    }
}

#[test]
fn a_history_that_is_known_is_not_written_again() {
    let (graph, folder) = (network("fbin"), tempfile::tempdir().unwrap());
    // In the first epoch, after a checkpoint.
    kill(folder.path(), &graph, &config(), 5);
    let path = folder.path().join("history.jsonl");
    let text = fs::read_to_string(&path).unwrap().replacen('{', "{ ", 1);
    fs::write(&path, &text).unwrap();
    kill(folder.path(), &graph, &config(), 6);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_history_of_what_never_had_a_checkpoint_is_replaced() {
    let (graph, folder) = (network("full"), tempfile::tempdir().unwrap());
    kill(folder.path(), &graph, &config().with_seed(9), 2);
    let whole = content(&finish(&folder.path().join("whole"), &graph, &config()));
    assert!(whole == content(&finish(folder.path(), &graph, &config())));
}

#[test]
fn what_diverges_is_told_and_leaves_no_checkpoint_that_cannot_be_read() {
    let sgd = Optimizer::Sgd(Momentum { momentum: 0.9, nesterov: false });
    for (policy, optimizer, learning_rate) in
        [("full", sgd, 1e3), ("full", sgd, 1e15), ("full", Optimizer::default(), 1e38), ("wbin", sgd, 1e30)]
    {
        let (graph, folder) = (network(policy), tempfile::tempdir().unwrap());
        let run = RunFolder::create(folder.path()).unwrap();
        let config = config().with_optimizer(optimizer).with_learning_rate(learning_rate);
        let error = run.train(trainer(&graph, config), saving(), &mut SilentObserver).unwrap_err();
        assert!(matches!(error, TrainError::Diverged { .. } | TrainError::Split { .. }), "{error}");
        assert!(error.to_string().contains("lower learning rate"), "{error}");
        for saved in [CheckpointKind::Latest, CheckpointKind::Best] {
            if run.path(saved).is_file() {
                run.trained(saved).unwrap();
            }
        }
    }
}

#[test]
fn other_data_is_refused_where_the_run_was_told_its_own() {
    let (graph, folder) = (network("full"), tempfile::tempdir().unwrap());
    let run = RunFolder::create(folder.path()).unwrap();
    let train = |(data, step): (Option<u32>, usize)| {
        let trainer = trainer(&graph, config());
        let trainer = if let Some(data) = data { trainer.data(data) } else { trainer };
        run.train(trainer, saving(), &mut FailingObserver(step)).unwrap_err().to_string()
    };
    assert_eq!([(None, 9), (Some(1), 14), (None, 20)].map(train), ["killed"; 3]);
    let error = train((Some(2), 22));
    assert!(error.contains("checksum of the data is 00000001 in the checkpoint and 00000002 now"), "{error}");
    assert!(error.contains(folder.path().to_str().unwrap()), "{error}");
}

#[test]
fn a_run_that_is_held_is_trained_by_its_holder_alone() {
    let (graph, folder) = (network("full"), tempfile::tempdir().unwrap());
    let run = || RunFolder::create(folder.path()).unwrap();
    let held = run().lock_exclusively().unwrap();
    assert!(matches!(run().lock_exclusively(), Err(TrainError::Busy { .. })));
    let other = run().train(trainer(&graph, config()), saving(), &mut SilentObserver);
    assert!(matches!(other, Err(TrainError::Busy { .. })));
    held.train(trainer(&graph, config()), saving(), &mut SilentObserver).unwrap();
    drop(held);
    run().lock_exclusively().unwrap();
}

#[test]
fn metrics_that_are_lost_are_told_of() {
    let (graph, folder) = (network("full"), tempfile::tempdir().unwrap());
    kill(folder.path(), &graph, &config(), 14);
    let run = RunFolder::open(folder.path()).unwrap();
    fs::remove_file(folder.path().join("metrics.jsonl")).unwrap();
    let mut warned = WarningCollector::default();
    run.train(trainer(&graph, config()), saving(), &mut warned).unwrap();
    assert!(warned.0.contains("metrics.jsonl has 0 of the 2 epochs"), "{}", warned.0);
}

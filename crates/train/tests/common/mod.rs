//! A problem that a small network solves in seconds.

use dabnet_data::DataError;
use dabnet_graph::{
    ArchitectureOptions, Canvas, ConvSpec, Graph, GraphBuilder, Policy, Preprocessing, Shape,
};
use dabnet_train::{
    Checkpoint, EpochReport, Examples, ModelMetadata, Progress, RunControl, Teacher, TrainConfig, TrainError,
    TrainedNetwork, Trainer, TrainingObserver, WeightHistory,
};
use rand::{Rng, RngExt};

pub(crate) const SIDE: usize = 12;

/// Level, upright and crossed lines at random places.
pub(crate) struct LineExamples;

impl Examples for LineExamples {
    fn len(&self) -> usize {
        192
    }

    fn label(&self, index: usize) -> usize {
        index % 3
    }

    fn draw(&self, index: usize, rng: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        let mut canvas = vec![0.0; SIDE * SIDE];
        let (row, column) = (rng.random_range(1..SIDE - 1), rng.random_range(1..SIDE - 1));
        for at in 1..SIDE - 1 {
            if index % 3 != 1 {
                canvas[row * SIDE + at] = 1.0;
            }
            if !index.is_multiple_of(3) {
                canvas[at * SIDE + column] = 1.0;
            }
        }
        Ok(canvas)
    }
}

/// Lines that are the same at each draw, other than the training examples.
pub(crate) struct StillLines;

impl Examples for StillLines {
    fn len(&self) -> usize {
        50
    }

    fn label(&self, index: usize) -> usize {
        index % 3
    }

    fn draw(&self, index: usize, _: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        LineExamples.draw(index, &mut rand_pcg::Pcg64::new(index as u128, 99))
    }
}

pub(crate) fn network(policy: &str) -> Graph {
    let policy: Policy = policy.parse().unwrap();
    let options = ArchitectureOptions::default().with_input_bits("1,conv3=2".parse().unwrap());
    let mut net = GraphBuilder::new("lines", &policy, Shape::new(1, SIDE, SIDE)).options(options);
    net.full_layer("conv1", ConvSpec::new(16, 3));
    net.max_pool("pool1", 2, 2);
    net.layer("conv2", ConvSpec::new(32, 3).padding(1));
    net.layer("conv3", ConvSpec::new(32, 5));
    net.dropout("drop3", 0.1);
    net.conv("conv4", ConvSpec::new(3, 1));
    net.build().unwrap()
}

/// A network without batch normalization, binary layers or dropout, so that a batch is the mean of its parts.
pub(crate) fn plain() -> Graph {
    let mut net = GraphBuilder::new("plain", &Policy::Full, Shape::new(1, SIDE, SIDE));
    net.conv("conv1", ConvSpec::new(8, 5));
    net.relu("relu1");
    net.conv("conv2", ConvSpec::new(3, 8));
    net.build().unwrap()
}

/// Four epochs of six steps.
pub(crate) fn config() -> TrainConfig {
    TrainConfig::default()
        .with_epochs(4)
        .with_batch(32)
        .with_learning_rate(5e-3)
        .with_label_smoothing(0.05)
        .with_seed(3)
        .with_threads(2)
}

pub(crate) fn train(graph: &Graph, config: TrainConfig) -> TrainedNetwork {
    Trainer::new(graph, config, &LineExamples).unwrap().train(|_| {}).unwrap()
}

/// Accuracy on the still lines.
pub(crate) fn accuracy(trained: &TrainedNetwork) -> f64 {
    let mut rng = rand_pcg::Pcg64::new(0, 0);
    let inputs: Vec<Vec<f32>> =
        (0..StillLines.len()).map(|index| StillLines.draw(index, &mut rng).unwrap()).collect();
    let logits = trained.logits(&inputs).unwrap();
    let right = logits
        .iter()
        .enumerate()
        .filter(|(index, row)| row.iter().all(|&logit| logit <= row[StillLines.label(*index)]));
    right.count() as f64 / StillLines.len() as f64
}

/// The labels of the lines.
pub(crate) fn labels() -> Vec<String> {
    ["level", "upright", "crossed"].map(str::to_owned).into()
}

/// Metadata of a packed model of the lines.
pub(crate) fn about(side: usize, labels: Vec<String>) -> ModelMetadata {
    let preprocessing = Preprocessing::lines(Canvas::to_measure(side));
    ModelMetadata { labels, preprocessing, provenance: Default::default() }
}

/// A trained network as a teacher.
pub(crate) fn taught_by(trained: &TrainedNetwork) -> Teacher {
    Teacher::from_run(trained.clone(), about(SIDE, labels()), &labels()).unwrap()
}

/// Observer that stops after a step, keeping the checkpoint and the history that a run folder would keep.
#[derive(Default)]
pub(crate) struct StopAt {
    pub step: usize,
    pub checkpoint: Option<Vec<u8>>,
    pub history: WeightHistory,
}

impl TrainingObserver for StopAt {
    fn begin(&mut self, _: usize, history: &WeightHistory) -> Result<(), TrainError> {
        self.history = history.clone();
        Ok(())
    }

    fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
        assert!((0.0..=1.0).contains(&progress.accuracy), "{}", progress.accuracy);
        Ok(if progress.step == self.step { RunControl::Stop } else { RunControl::Continue })
    }

    fn epoch(&mut self, report: &EpochReport<'_>) -> Result<RunControl, TrainError> {
        self.history.snapshots.push(report.snapshot.clone());
        Ok(RunControl::Continue)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        self.checkpoint = Some(checkpoint.to_bytes()?);
        Ok(())
    }
}

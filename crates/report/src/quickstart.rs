//! Report of a quickstart: one network trained in several ways on the bundled sketches.

mod answers;
mod comparison;
mod confusion;
mod curves;
mod filters;
mod page;
mod sketches;
mod verdict;

use std::time::Duration;

use dabnet_engine::Prediction;
use dabnet_graph::{NetworkCost, Precision, Preprocessing};
use dabnet_sketch::Drawing;
use dabnet_train::TrainedNetwork;
use serde::Serialize;

/// Results of a quickstart.
#[derive(Clone, Debug)]
pub struct QuickstartReport {
    /// Seed of all randomness.
    pub seed: u64,
    /// Epochs that every network was trained for.
    pub epochs: usize,
    /// Labels by class index.
    pub labels: Vec<String>,
    /// Number of training sketches.
    pub train_count: usize,
    /// Test sketches.
    pub test: Vec<TestSketch>,
    /// Preprocessing of all networks.
    pub preprocessing: Preprocessing,
    /// Networks in the order of training, full precision first.
    pub networks: Vec<NetworkReport>,
    /// Answers of the last network that are shown large.
    pub recognitions: Vec<Recognition>,
    /// Time that all of it took.
    pub elapsed: Duration,
}

/// A sketch that networks are tested on.
#[derive(Clone, Debug)]
pub struct TestSketch {
    /// The sketch.
    pub drawing: Drawing,
    /// Index of its label.
    pub label: usize,
}

/// Results of one network.
#[derive(Clone, Debug)]
pub struct NetworkReport {
    /// Name of its folder, and its name in JSON.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Mean training loss of each epoch.
    pub loss: Vec<f32>,
    /// Training accuracy of each epoch.
    pub accuracy: Vec<f32>,
    /// Latent weights of its convolutions, in order.
    pub layers: Vec<LatentLayer>,
    /// Costs of its layers.
    pub account: NetworkCost,
    /// Size of the packed model's file.
    pub file_bytes: u64,
    /// Share of the test sketches whose first answer is right.
    pub top1: f64,
    /// Share of the test sketches with the right label among the first five.
    pub top5: f64,
    /// `confusion[label][answer]`: test sketches of a label that were given an answer.
    pub confusion: Vec<Vec<u32>>,
    /// Median time of one sketch on one thread, in milliseconds, drawing not included.
    pub milliseconds: f64,
    /// First answer to every test sketch.
    pub answers: Vec<Prediction>,
}

/// Likeliest labels of a test sketch.
#[derive(Clone, Debug)]
pub struct Recognition {
    /// Index of the test sketch.
    pub index: usize,
    /// Predictions, the likeliest first.
    pub predictions: Vec<Prediction>,
}

/// Latent weights of a convolution.
#[derive(Clone, Debug)]
pub struct LatentLayer {
    /// Name of the layer.
    pub name: String,
    /// Side of the kernel.
    pub kernel: usize,
    /// Precision of the layer.
    pub precision: Precision,
    /// Input channels of a filter.
    pub channels: usize,
    /// Weights in `OIHW`.
    pub weights: Vec<f32>,
}

impl LatentLayer {
    /// The convolutions of a trained network, in order.
    pub fn of_network(trained: &TrainedNetwork) -> Vec<Self> {
        let graph = trained.graph();
        let layers = graph.convolutions().map(|(id, node, conv)| Self {
            name: node.name.clone(),
            kernel: conv.kernel,
            precision: conv.precision,
            channels: graph.filter_channels(id),
            weights: trained.parameters().get(id, "weight").to_vec(),
        });
        layers.collect()
    }
}

impl QuickstartReport {
    /// The report as an HTML page that needs nothing but a browser.
    pub fn to_html(&self) -> String {
        page::page(self)
    }

    /// The numbers of the report, as `results.json` holds them and `--json` prints them.
    pub fn summary(&self) -> impl Serialize + '_ {
        QuickstartSummary {
            seed: self.seed,
            epochs: self.epochs,
            train: self.train_count,
            test: self.test.len(),
            seconds: self.elapsed.as_secs_f64(),
            labels: &self.labels,
            networks: self.networks.iter().map(NetworkSummary::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct QuickstartSummary<'a> {
    seed: u64,
    epochs: usize,
    train: usize,
    test: usize,
    seconds: f64,
    labels: &'a [String],
    networks: Vec<NetworkSummary<'a>>,
}

#[derive(Serialize)]
struct NetworkSummary<'a> {
    name: &'static str,
    top1: f64,
    top5: f64,
    file_bytes: u64,
    median_ms: f64,
    float_macs: u64,
    binary_macs: u64,
    train_loss: &'a [f32],
    train_accuracy: &'a [f32],
    confusion: &'a [Vec<u32>],
}

impl<'a> NetworkSummary<'a> {
    fn new(network: &'a NetworkReport) -> Self {
        Self {
            name: network.key,
            top1: network.top1,
            top5: network.top5,
            file_bytes: network.file_bytes,
            median_ms: network.milliseconds,
            float_macs: network.account.macs(Precision::Full),
            binary_macs: network.account.macs(Precision::Fbin),
            train_loss: &network.loss,
            train_accuracy: &network.accuracy,
            confusion: &network.confusion,
        }
    }
}

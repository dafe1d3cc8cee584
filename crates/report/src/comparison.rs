//! Comparison of finished runs: networks side by side, over seeds.

mod document;
mod kind;
mod statistics;

use std::time::Duration;

use dabnet_graph::{ArchitectureOptions, Graph, GraphError, Policy, architectures};
use serde_json::{Value, json};

use self::statistics::{SchemeDifference, wilson};
pub use self::{document::replace_section, kind::NetworkKind, statistics::Estimate};
use crate::format::{duration, grouped};

/// Networks, compared over the seeds of their runs.
///
/// [`rows`](Self::rows) is the table of the paper. The [section](Self::section) of a document has it as Markdown,
/// with all that decided the numbers.
#[derive(Clone, Debug)]
pub struct Comparison {
    networks: Vec<ComparedNetwork>,
    differences: Vec<SchemeDifference>,
    data: ComparedData,
    isa: String,
}

/// The data set of all compared runs.
#[derive(Clone, Debug)]
pub struct ComparedData {
    /// Path of the data set.
    pub path: String,
    /// Fingerprint of the data set.
    pub fingerprint: u32,
    /// Number of training sketches.
    pub train: usize,
    /// Number of validation sketches.
    pub validation: usize,
}

/// All runs of one network.
#[derive(Clone, Debug)]
pub struct ComparedNetwork {
    kind: NetworkKind,
    runs: Vec<ComparedRun>,
    settings: ComparedSettings,
    top1: Estimate,
    top5: Estimate,
    /// Mean training time of a run.
    seconds: f64,
    /// Number of weights of its convolutions.
    parameters: u64,
    /// Size of the same architecture in full precision, in bytes.
    full_bytes: u64,
    /// True if that is the size of a run's file.
    full_is_a_file: bool,
    milliseconds: f64,
}

/// A finished run.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    /// Path of its folder.
    pub folder: String,
    /// Its seed.
    pub seed: u64,
    /// Policy that it was trained with.
    pub policy: String,
    /// Top-1 accuracy on the test part.
    pub top1: f64,
    /// Top-5 accuracy on the test part.
    pub top5: f64,
    /// Number of test sketches.
    pub tested: usize,
    /// Training time in seconds.
    pub seconds: f64,
    /// Size of the packed model's file.
    pub file_bytes: u64,
}

/// Settings of a network's runs that a document names.
#[derive(Clone, Debug)]
pub struct ComparedSettings {
    /// Side of the canvas in pixels.
    pub side: usize,
    /// Width of a line as a fraction of the side.
    pub line_width: f32,
    /// Name of the look.
    pub look: String,
    /// Number of epochs.
    pub epochs: usize,
    /// Names and values of the settings that differ from the defaults.
    pub changed: Vec<(String, String)>,
}

/// Headings of the table: the column of names, and the others.
const HEADER: [&str; 10] = [
    "network",
    "runs",
    "top-1 %",
    "95 % of one",
    "top-5 %",
    "parameters",
    "file bytes",
    "smaller",
    "ms/sketch",
    "training",
];

impl Comparison {
    /// Compares networks that were trained on the same data. `isa` names the instruction set that times were
    /// measured with.
    pub fn new(mut networks: Vec<ComparedNetwork>, data: ComparedData, isa: String) -> Self {
        let full = networks.iter().filter(|network| network.kind.policy == Policy::Full);
        let full: Vec<_> = full.map(|network| (network.kind.arch.clone(), network.file_bytes())).collect();
        networks.iter_mut().for_each(|network| network.find_full(&full));
        Self { differences: SchemeDifference::all(&networks), networks, data, isa }
    }

    /// Headings of the table's columns.
    pub fn header(&self) -> &'static [&'static str] {
        &HEADER
    }

    /// Rows of the table: the name of a network, and its numbers.
    pub fn rows(&self) -> impl Iterator<Item = (String, [String; HEADER.len() - 1])> {
        self.networks.iter().map(|network| (self.name(network), network.cells()))
    }

    /// Differences of networks that differ in their scheme alone, a line each.
    pub fn differences(&self) -> impl Iterator<Item = String> {
        self.differences.iter().map(|difference| difference.line(self.several_archs()))
    }

    /// Layers that keep real inputs, of each network whose runs decided that, a line each.
    pub fn chosen_policies(&self) -> impl Iterator<Item = String> {
        self.networks.iter().filter_map(ComparedNetwork::chosen_policies)
    }

    /// Explanation of the columns, a sentence each.
    pub fn explanation(&self) -> Vec<String> {
        let sketches = grouped(self.tested().unwrap_or(0) as u64);
        let full = match self.networks.iter().all(|network| network.full_is_a_file) {
            true => "than full precision",
            false => "than full precision, where that has no run here than its parameters",
        };
        vec![
            format!("Packed models on {sketches} test sketches; ±: standard deviation over seeds (n − 1)."),
            format!(
                "95 % of one: what {sketches} sketches leave open of one run with such a top-1 (Wilson)."
            ),
            format!("Smaller: {full}."),
            format!("ms: median on one thread, {}, side by side, drawing not included.", self.isa),
        ]
    }

    /// The comparison as JSON; `missing` are the folders of runs that are not finished.
    pub fn to_json(&self, missing: &[String]) -> Value {
        json!({
            "data": self.data.path,
            "fingerprint": self.data.fingerprint,
            "train": self.data.train,
            "validation": self.data.validation,
            "test": self.tested(),
            "networks": self.networks.iter().map(ComparedNetwork::to_json).collect::<Vec<_>>(),
            "differences": self.differences,
            "isa": self.isa,
            "missing": missing,
        })
    }

    /// Number of test sketches.
    fn tested(&self) -> Option<usize> {
        self.networks.first().map(ComparedNetwork::tested)
    }

    fn several_archs(&self) -> bool {
        self.networks.iter().any(|network| network.kind.arch != self.networks[0].kind.arch)
    }

    fn name(&self, network: &ComparedNetwork) -> String {
        let name = network.kind.name();
        if self.several_archs() { format!("{} {name}", network.kind.arch) } else { name }
    }
}

impl ComparedNetwork {
    /// Summary of at least one run, the first of which has the model `graph`. `milliseconds` is the median time
    /// of a sketch.
    ///
    /// # Errors
    /// [`GraphError`] if the architecture is not known or cannot be built on the graph's input.
    pub fn new(
        kind: NetworkKind,
        runs: Vec<ComparedRun>,
        settings: ComparedSettings,
        graph: &Graph,
        milliseconds: f64,
    ) -> Result<Self, GraphError> {
        let full = architectures::find(&kind.arch)?;
        let full = full.graph_on(
            graph.input_shape(),
            graph.outputs(),
            &Policy::Full,
            ArchitectureOptions::default(),
        )?;
        let over = |value: fn(&ComparedRun) -> f64| Estimate::of(&runs.iter().map(value).collect::<Vec<_>>());
        Ok(Self {
            top1: over(|run| run.top1),
            top5: over(|run| run.top5),
            seconds: over(|run| run.seconds).mean,
            parameters: graph.cost().weights(),
            full_bytes: full.cost().bytes(),
            full_is_a_file: false,
            milliseconds,
            kind,
            runs,
            settings,
        })
    }

    /// Takes the size of a file for that of full precision, if there is one for its architecture.
    fn find_full(&mut self, full: &[(String, u64)]) {
        if let Some((_, bytes)) = full.iter().find(|(arch, _)| *arch == self.kind.arch) {
            (self.full_bytes, self.full_is_a_file) = (*bytes, true);
        }
    }

    /// Size of the first run's file.
    fn file_bytes(&self) -> u64 {
        self.runs[0].file_bytes
    }

    /// Ratio of the size in full precision and its own.
    fn times_smaller(&self) -> f64 {
        self.full_bytes as f64 / self.file_bytes() as f64
    }

    /// Number of test sketches of each run.
    fn tested(&self) -> usize {
        self.runs[0].tested
    }

    /// Names of the layers that keep real inputs, where each run has decided that.
    fn chosen_policies(&self) -> Option<String> {
        if !self.kind.is_automatic() {
            return None;
        }
        let policy = |run: &ComparedRun| format!("{} (seed {})", run.policy, run.seed);
        let policies = self.runs.iter().map(policy).collect::<Vec<_>>().join(", ");
        Some(format!("{} of {}: {policies}", self.kind.name(), self.kind.arch))
    }

    fn cells(&self) -> [String; HEADER.len() - 1] {
        let [low, high] = wilson(self.top1.mean, self.tested());
        [
            self.top1.n.to_string(),
            self.top1.percent(),
            format!("{:.1}–{:.1}", 100.0 * low, 100.0 * high),
            self.top5.percent(),
            grouped(self.parameters),
            grouped(self.file_bytes()),
            format!("{:.1}×", self.times_smaller()),
            format!("{:.3}", self.milliseconds),
            duration(Duration::from_secs_f64(self.seconds)),
        ]
    }

    fn to_json(&self) -> Value {
        let run = |run: &ComparedRun| {
            json!({
                "run": run.folder,
                "seed": run.seed,
                "policy": run.policy,
                "top1": run.top1,
                "top5": run.top5,
                "top1_interval_95": wilson(run.top1, run.tested),
                "seconds": run.seconds,
                "file_bytes": run.file_bytes,
            })
        };
        json!({
            "name": self.kind.name(),
            "arch": self.kind.arch,
            "policy": self.kind.policy,
            "scheme": self.kind.scheme.name(),
            "top1": self.top1,
            "top5": self.top5,
            "tested": self.tested(),
            "parameters": self.parameters,
            "file_bytes": self.file_bytes(),
            "times_smaller": self.times_smaller(),
            "full_precision_is_a_file": self.full_is_a_file,
            "milliseconds": self.milliseconds,
            "seconds": self.seconds,
            "runs": self.runs.iter().map(run).collect::<Vec<_>>(),
        })
    }
}

use dabnet_engine::Model;
use dabnet_graph::{ArchitectureOptions, Policy, architectures};
use serde_json::{Value, json};

use super::{
    entry::Entry,
    estimate::{Estimate, wilson},
    network::Network,
};
use crate::error::CliError;

/// What the runs of one network came to.
#[derive(Debug)]
pub(crate) struct Row {
    pub network: Network,
    /// One a seed; at least one.
    pub entries: Vec<Entry>,
    pub top1: Estimate,
    pub top5: Estimate,
    /// Time spent on training a run.
    pub seconds: f64,
    /// Weights of its convolutions.
    pub parameters: u64,
    /// Of the packed model of the first run.
    pub file_bytes: u64,
    /// Bytes of the same architecture in full precision, and whether they are those of a file.
    full_bytes: (u64, bool),
    /// Median time of a sketch.
    pub milliseconds: f64,
}

impl Row {
    pub(super) fn new(
        network: Network,
        entries: Vec<Entry>,
        model: &Model,
        milliseconds: f64,
    ) -> Result<Self, CliError> {
        let graph = model.graph();
        let full = architectures::find(&network.arch)?;
        let full = full.graph_on(
            graph.input_shape(),
            graph.outputs(),
            &Policy::Full,
            ArchitectureOptions::default(),
        )?;
        let over = |value: fn(&Entry) -> f64| Estimate::of(&entries.iter().map(value).collect::<Vec<_>>());
        Ok(Self {
            top1: over(|entry| entry.tested.top1),
            top5: over(|entry| entry.tested.top5),
            seconds: over(|entry| entry.results.seconds).mean,
            parameters: graph.cost().weights(),
            file_bytes: entries[0].results.file_bytes,
            full_bytes: (full.cost().bytes(), false),
            milliseconds,
            network,
            entries,
        })
    }

    /// Takes for full precision what a run of that has, if one of `rows` is.
    pub(super) fn find_full(&mut self, full: &[(String, u64)]) {
        if let Some((_, bytes)) = full.iter().find(|(arch, _)| *arch == self.network.arch) {
            self.full_bytes = (*bytes, true);
        }
    }

    /// How many times smaller its file is than that of full precision.
    pub(crate) fn times_smaller(&self) -> f64 {
        self.full_bytes.0 as f64 / self.file_bytes as f64
    }

    /// Whether those are the bytes of a run's file.
    pub(super) fn full_is_a_file(&self) -> bool {
        self.full_bytes.1
    }

    /// Sketches that each run was tested on.
    pub(crate) fn tested(&self) -> usize {
        self.entries[0].tested.count
    }

    /// What the sketches that one run is tested on say of a network that is right as often as these are.
    pub(crate) fn interval(&self) -> [f64; 2] {
        wilson(self.top1.mean, self.tested())
    }

    /// Which layers keep real inputs, where each run has decided that.
    pub(super) fn chosen(&self) -> Option<String> {
        if !self.network.is_automatic() {
            return None;
        }
        let policy = |entry: &Entry| format!("{} (seed {})", entry.results.policy, entry.results.seed);
        let policies = self.entries.iter().map(policy).collect::<Vec<_>>().join(", ");
        Some(format!("{} of {}: {policies}", self.network.name(), self.network.arch))
    }

    pub(super) fn to_json(&self) -> Value {
        let run = |entry: &Entry| {
            json!({
                "run": entry.folder.display().to_string(),
                "seed": entry.results.seed,
                "policy": entry.results.policy,
                "top1": entry.tested.top1,
                "top5": entry.tested.top5,
                "top1_interval_95": wilson(entry.tested.top1, entry.tested.count),
                "seconds": entry.results.seconds,
                "file_bytes": entry.results.file_bytes,
            })
        };
        json!({
            "name": self.network.name(),
            "arch": self.network.arch,
            "policy": self.network.policy,
            "scheme": self.network.scheme.name(),
            "top1": self.top1,
            "top5": self.top5,
            "tested": self.tested(),
            "parameters": self.parameters,
            "file_bytes": self.file_bytes,
            "times_smaller": self.times_smaller(),
            "full_precision_is_a_file": self.full_bytes.1,
            "milliseconds": self.milliseconds,
            "seconds": self.seconds,
            "runs": self.entries.iter().map(run).collect::<Vec<_>>(),
        })
    }
}

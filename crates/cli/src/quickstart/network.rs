use std::time::{Duration, Instant};

use dabnet_binarize::Scheme;
use dabnet_data::SketchExamples;
use dabnet_engine::{EngineError, Evaluation, Model, Prediction, Session, top};
use dabnet_graph::{Policy, architectures};
use dabnet_report::{LatentLayer, NetworkReport, Recognition};
use dabnet_train::{ModelMetadata, PretrainedWeights, TrainConfig, TrainedNetwork, Trainer, pack};
use serde_json::json;

use super::{ARCHITECTURE, PREPROCESSING, QuickstartOptions, QuickstartResult};
use crate::{error::CliError, progress::TrainingProgress};

/// A network that the quickstart trains.
#[derive(Debug)]
pub(crate) struct QuickstartNetwork {
    /// Name of its folder, and its name in JSON.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    policy: Policy,
    scheme: Scheme,
    learning_rate: f32,
    /// See [`TrainConfig::center`].
    center: bool,
    /// True if it starts from the convolutions of the full-precision network instead of from noise.
    warm: bool,
}

impl QuickstartNetwork {
    pub(crate) const ALL: [Self; 3] = [
        Self {
            key: "full",
            name: "full precision",
            policy: Policy::Full,
            scheme: Scheme::Dab,
            learning_rate: 5e-3,
            center: false,
            warm: false,
        },
        Self {
            key: "xnor",
            name: "XNOR-Net",
            policy: Policy::Fbin,
            scheme: Scheme::Sign,
            learning_rate: 6e-3,
            center: true,
            warm: true,
        },
        Self {
            key: "dab",
            name: "DAB-Net",
            policy: Policy::Fbin,
            scheme: Scheme::Dab,
            learning_rate: 6e-3,
            center: false,
            warm: true,
        },
    ];

    /// Trains and packs the network, and evaluates the packed model. `full` is the full-precision network, if
    /// it has been trained already.
    pub(super) fn run(
        &'static self,
        settings: &QuickstartOptions,
        labels: &[String],
        examples: &SketchExamples<'_>,
        canvases: &[(Vec<f32>, usize)],
        full: Option<&TrainedNetwork>,
        progress: &TrainingProgress,
    ) -> Result<QuickstartResult, CliError> {
        let graph = architectures::find(ARCHITECTURE)?.graph(
            PREPROCESSING.canvas.side,
            labels.len(),
            &self.policy,
        )?;
        let config = TrainConfig {
            scheme: self.scheme,
            epochs: settings.epochs(),
            batch: 64,
            learning_rate: self.learning_rate,
            center: self.center,
            label_smoothing: 0.1,
            seed: settings.seed,
            threads: settings.threads,
            ..TrainConfig::default()
        };
        let (mut loss, mut accuracy) = (Vec::new(), Vec::new());
        let mut trainer = Trainer::new(&graph, config, examples)?;
        let start =
            full.filter(|_| self.warm).map(|full| PretrainedWeights::from_run(full.clone(), labels.to_vec()));
        if let Some(start) = &start {
            trainer = trainer.starting_from(start);
        }
        let trained = trainer.train(|step| {
            progress.observe(step);
            if step.ends_epoch() {
                loss.push(step.loss);
                accuracy.push(step.accuracy);
            }
        })?;

        self.pack(trained, labels, start.is_some(), canvases)
            .map(|network| network.with_curve(loss, accuracy))
    }

    /// Packs a trained network and evaluates the packed model.
    fn pack(
        &self,
        trained: TrainedNetwork,
        labels: &[String],
        is_warm: bool,
        canvases: &[(Vec<f32>, usize)],
    ) -> Result<QuickstartResult, CliError> {
        let description = ModelMetadata {
            labels: labels.to_vec(),
            preprocessing: PREPROCESSING,
            provenance: Default::default(),
        };
        let mut packed = pack(&trained, description)?;
        let (evaluation, answers, time) = test(&Model::new(packed.clone())?, canvases)?;
        let (count, top1, top5) = (evaluation.count(), evaluation.top1(), evaluation.top5());
        let start = if is_warm { "convolutions of the full-precision network" } else { "random" };
        let provenance = [
            ("network", json!(self.name)),
            ("start", json!(start)),
            ("data", json!("quickdraw-20: Quick, Draw! by Google, CC BY 4.0")),
            ("accuracy", json!({ "split": "test", "count": count, "top1": top1, "top5": top5 })),
        ];
        packed.provenance.extend(provenance.map(|(key, value)| (key.to_owned(), value)));
        let report = NetworkReport {
            key: self.key,
            name: self.name,
            loss: Vec::new(),
            accuracy: Vec::new(),
            layers: LatentLayer::of_network(&trained),
            account: packed.graph.cost(),
            file_bytes: packed.to_bytes()?.len() as u64,
            top1,
            top5,
            confusion: evaluation.confusion().to_vec(),
            milliseconds: 1e3 * time.as_secs_f64(),
            answers,
        };
        Ok(QuickstartResult { trained, packed, report })
    }
}

impl QuickstartResult {
    /// Adds the loss and the accuracy of each epoch.
    fn with_curve(mut self, loss: Vec<f32>, accuracy: Vec<f32>) -> Self {
        (self.report.loss, self.report.accuracy) = (loss, accuracy);
        self
    }
}

/// Labels every sketch, one at a time on this thread: accuracy, first answers, and the median time of one.
fn test(
    model: &Model,
    canvases: &[(Vec<f32>, usize)],
) -> Result<(Evaluation, Vec<Prediction>, Duration), EngineError> {
    let (mut session, mut evaluation) = (Session::new(model), Evaluation::new(model.labels().len()));
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for (canvas, label) in canvases {
        let start = Instant::now();
        let logits = session.run(canvas)?;
        times.push(start.elapsed());
        evaluation.add_batch(logits, &[*label]);
        answers.push(top(logits, 1)[0]);
    }
    times.sort_unstable();
    Ok((evaluation, answers, times.get(times.len() / 2).copied().unwrap_or_default()))
}

/// Answers of the last network to the first test sketch of three words.
pub(super) fn recognize_three(
    outcomes: &[QuickstartResult],
    labels: &[String],
    canvases: &[(Vec<f32>, usize)],
) -> Result<Vec<Recognition>, EngineError> {
    let Some(outcome) = outcomes.last() else { return Ok(Vec::new()) };
    let mut session = Session::new(&Model::new(outcome.packed.clone())?);
    let of_word = |label| canvases.iter().position(|(_, of)| *of == label);
    [0, labels.len() / 3, 2 * labels.len() / 3]
        .into_iter()
        .filter_map(of_word)
        .map(|index| {
            let predictions = top(session.run(&canvases[index].0)?, 3);
            Ok(Recognition { index, predictions })
        })
        .collect()
}

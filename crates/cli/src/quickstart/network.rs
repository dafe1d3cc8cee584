use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use dabnet_binarize::Scheme;
use dabnet_engine::{EngineError, Evaluation, Model, PackedModel, Prediction, Session, top};
use dabnet_graph::Policy;
use dabnet_report::{LatentLayer, NetworkReport, Recognition};
use dabnet_train::{CheckpointKind, MetricRecord, RunFolder, SaveSchedule};
use toml::{Table, toml};

use super::QuickstartOptions;
use crate::{
    data::BUNDLED,
    error::CliError,
    training::{MODEL, RunResults, RunSettings, SettingsLayers, TrainingJob},
};

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
    /// See [`TrainConfig::center`](dabnet_train::TrainConfig::center).
    center: bool,
    /// Folder of the network that it starts from, instead of from noise.
    start_from: Option<&'static str>,
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
            start_from: None,
        },
        Self {
            key: "xnor",
            name: "XNOR-Net",
            policy: Policy::Fbin,
            scheme: Scheme::Sign,
            learning_rate: 6e-3,
            center: true,
            start_from: Some("full"),
        },
        Self {
            key: "dab",
            name: "DAB-Net",
            policy: Policy::Fbin,
            scheme: Scheme::Dab,
            learning_rate: 6e-3,
            center: false,
            start_from: Some("full"),
        },
    ];

    fn folder(&self, out: &Path) -> PathBuf {
        out.join(self.key)
    }

    /// The job that trains it; `more` follow.
    pub(super) fn job(&self, options: &QuickstartOptions, more: usize) -> Result<TrainingJob, CliError> {
        let job =
            TrainingJob::new(self.folder(&options.out), self.settings(options)?, SaveSchedule::default());
        Ok(job.titled(self.name, more).without_validation())
    }

    /// Settings of its run.
    pub(super) fn settings(&self, options: &QuickstartOptions) -> Result<RunSettings, CliError> {
        let mut settings: Table = toml! {
            arch = "sketch-a-net-64"
            line_width = 0.04
            [train]
            batch = 64
            label_smoothing = 0.1
        };
        let start = self.start_from.map(|key| options.out.join(key).display().to_string());
        settings.extend(start.map(|start| ("start_from".to_owned(), start.into())));
        settings.insert("data".to_owned(), BUNDLED.into());
        settings.insert("policy".to_owned(), self.policy.to_string().into());
        settings.insert("subsample".to_owned(), (options.subsample() as i64).into());
        let mut settings = SettingsLayers::new(None, None, settings)?.resolve()?;
        let train = &mut settings.train;
        (train.scheme, train.center, train.learning_rate) = (self.scheme, self.center, self.learning_rate);
        (train.epochs, train.seed, train.threads) = (options.epochs(), options.seed, options.threads);
        Ok(settings)
    }

    /// Its part of the report, from its finished run.
    pub(super) fn report(
        &self,
        options: &QuickstartOptions,
        results: &RunResults,
        canvases: &[(Vec<f32>, usize)],
    ) -> Result<NetworkReport, CliError> {
        let run = RunFolder::open(self.folder(&options.out))?;
        let epochs = run.metrics()?.into_iter().filter_map(|record| match record {
            MetricRecord::Epoch(epoch) => Some((epoch.step.loss, epoch.step.accuracy)),
            MetricRecord::Step(_) => None,
        });
        let (loss, accuracy) = epochs.unzip();
        let packed = self.packed(&options.out)?;
        let account = packed.graph.cost();
        let (evaluation, answers, time) = test(&Model::new(packed)?, canvases)?;
        Ok(NetworkReport {
            key: self.key,
            name: self.name,
            loss,
            accuracy,
            layers: LatentLayer::of_network(&run.trained(CheckpointKind::Latest)?),
            account,
            file_bytes: results.file_bytes,
            top1: evaluation.top1(),
            top5: evaluation.top5(),
            confusion: evaluation.confusion().to_vec(),
            milliseconds: 1e3 * time.as_secs_f64(),
            answers,
        })
    }

    /// Its packed model.
    fn packed(&self, out: &Path) -> Result<PackedModel, EngineError> {
        PackedModel::load(self.folder(out).join(MODEL))
    }

    /// Its answers to the first test sketch of three words.
    pub(super) fn recognize_three(
        &self,
        out: &Path,
        canvases: &[(Vec<f32>, usize)],
    ) -> Result<Vec<Recognition>, EngineError> {
        let model = Model::new(self.packed(out)?)?;
        let mut session = Session::new(&model);
        let labels = model.labels().len();
        let of_word = |label| canvases.iter().position(|(_, of)| *of == label);
        [0, labels / 3, 2 * labels / 3]
            .into_iter()
            .filter_map(of_word)
            .map(|index| {
                let predictions = top(session.run(&canvases[index].0)?, 3);
                Ok(Recognition { index, predictions })
            })
            .collect()
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

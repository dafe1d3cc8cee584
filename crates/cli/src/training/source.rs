//! Other networks that a run starts from or learns from.

use std::path::Path;

use dabnet_engine::PackedModel;
use dabnet_graph::{ArchitectureOptions, Graph, Policy, Preprocessing, architectures};
use dabnet_train::{
    CheckpointKind, ModelMetadata, PretrainedWeights, RunFolder, Teacher, TrainError, TrainedNetwork,
};

use super::{CONFIG, RunSettings};
use crate::{error::CliError, models};

/// A network to start from or to learn from: a run or a model.
pub(super) enum NetworkSource {
    Run {
        trained: Box<TrainedNetwork>,
        labels: Vec<String>,
        /// Its preprocessing, where that is known.
        preprocessing: Option<Preprocessing>,
    },
    Model(Box<PackedModel>),
}

impl NetworkSource {
    /// Opens the folder of a run, a model's file or its folder, or the shipped model of that name.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        if !models::is_shipped(path)
            && let Ok(run) = RunFolder::open(path)
        {
            let checkpoint = run.checkpoint(CheckpointKind::Latest)?;
            let trained = Box::new(checkpoint.trained(run.history(&checkpoint)?)?);
            let preprocessing = RunSettings::begun(path)?.map(|settings| settings.preprocessing());
            return Ok(Self::Run { trained, labels: checkpoint.labels().to_vec(), preprocessing });
        }
        models::packed(path).map(|model| Self::Model(Box::new(model)))
    }

    /// Its preprocessing, where that is known.
    pub(super) fn preprocessing(&self) -> Option<&Preprocessing> {
        match self {
            Self::Run { preprocessing, .. } => preprocessing.as_ref(),
            Self::Model(model) => Some(&model.preprocessing),
        }
    }

    /// Its network.
    pub(super) fn graph(&self) -> &Graph {
        match self {
            Self::Run { trained, .. } => trained.graph(),
            Self::Model(model) => &model.graph,
        }
    }

    /// Turns it into a network to start from.
    pub(super) fn into_start(self) -> Result<PretrainedWeights, CliError> {
        Ok(match self {
            Self::Run { trained, labels, .. } => PretrainedWeights::from_run(*trained, labels),
            Self::Model(model) => PretrainedWeights::from_model(*model)?,
        })
    }

    /// Turns it into a teacher of `labels`; `path` is its place, for errors.
    pub(super) fn into_teacher(self, path: &Path, labels: &[String]) -> Result<Teacher, CliError> {
        let named = |error: TrainError| match error {
            TrainError::UnknownTeacherLabel { .. } => CliError::Input(format!("{}: {error}", path.display())),
            error => error.into(),
        };
        match self {
            Self::Model(model) => Teacher::new(*model, labels).map_err(named),
            Self::Run { preprocessing: None, .. } => Err(CliError::Input(format!(
                "{} has no {CONFIG}: the teacher's look is not known",
                path.display()
            ))),
            Self::Run { trained, labels: theirs, preprocessing: Some(preprocessing) } => {
                let about = ModelMetadata { labels: theirs, preprocessing, provenance: Default::default() };
                Teacher::from_run(*trained, about, labels).map_err(named)
            }
        }
    }
}

/// A full-precision network of none of the architectures, and its preprocessing: that of a model file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ForeignNetwork {
    pub graph: Graph,
    pub preprocessing: Preprocessing,
}

impl ForeignNetwork {
    /// The network of a model, if it is such a model.
    pub(super) fn of(source: &NetworkSource) -> Option<Self> {
        let NetworkSource::Model(model) = source else { return None };
        let PackedModel { graph, preprocessing, .. } = &**model;
        let binary = graph.convolutions().any(|(_, _, conv)| conv.precision.binary_weights());
        let known = architectures::find(graph.architecture()).is_ok();
        (!binary && !known).then(|| Self { graph: graph.clone(), preprocessing: *preprocessing })
    }

    /// The network of the run in `folder` that started from such a model.
    pub(super) fn begun(folder: &Path, preprocessing: impl FnOnce() -> Preprocessing) -> Option<Self> {
        let run = RunFolder::open(folder).ok()?;
        let checkpoint = [CheckpointKind::Latest, CheckpointKind::Best]
            .iter()
            .find_map(|saved| run.checkpoint(*saved).ok())?;
        Some(Self { graph: checkpoint.graph().clone(), preprocessing: preprocessing() })
    }

    /// Graph of the network under a policy, for so many labels.
    pub(super) fn graph(
        &self,
        policy: &Policy,
        options: &ArchitectureOptions,
        classes: usize,
    ) -> Result<Graph, CliError> {
        let graph = self.graph.with_policy(policy, options).and_then(|graph| graph.with_outputs(classes));
        graph.map_err(|error| CliError::Input(format!("{}: {error}", self.graph.architecture())))
    }
}

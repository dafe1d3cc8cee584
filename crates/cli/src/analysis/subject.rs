use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use dabnet_engine::PackedModel;
use dabnet_train::{WeightHistory, WeightSnapshot};
use dabnet_weights::{WeightSource, WeightsError};

use crate::{
    error::CliError,
    training::{LATENT, MODEL},
};

/// What a training run leaves in its folder.
const HISTORY: &str = "history.json";
/// The same, a snapshot a line.
const HISTORY_LINES: &str = "history.jsonl";

/// A network to analyse.
#[derive(Debug)]
pub(super) struct Subject {
    /// What was given, as people write it.
    pub name: String,
    pub source: WeightSource,
    /// What its latent weights went through, if it is a run that tells.
    pub history: Option<WeightHistory>,
    /// The run's packed model, or the imported one, which knows the network.
    pub model: Option<PackedModel>,
    /// The files beside the weights that are read.
    beside: Vec<PathBuf>,
}

impl Subject {
    /// Opens a run's folder, or anything else that has weights.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let [latent, model] = [LATENT, MODEL].map(|name| path.join(name));
        let history =
            [HISTORY, HISTORY_LINES].map(|name| path.join(name)).into_iter().find(|path| path.is_file());
        let name = path.display().to_string();
        if !latent.is_file() {
            let source = WeightSource::open(path)?;
            let model = source.is_model().then(|| PackedModel::load(path)).transpose()?;
            return Ok(Self { name, source, history: None, model, beside: Vec::new() });
        }
        Ok(Self {
            name,
            source: WeightSource::open(&latent)?,
            history: history.as_deref().map(read_history).transpose()?,
            model: model.is_file().then(|| PackedModel::load(&model)).transpose()?,
            beside: history.into_iter().chain([model]).collect(),
        })
    }

    /// That the page would not replace what it is about.
    pub(super) fn check_out(&self, out: &Path, sketch: Option<&Path>) -> Result<(), WeightsError> {
        self.source.check_output(out, self.beside.iter().map(PathBuf::as_path).chain(sketch))
    }
}

fn read_history(path: &Path) -> Result<WeightHistory, CliError> {
    let file = File::open(path)
        .map_err(|error| CliError::Input(format!("cannot read '{}': {error}", path.display())))?;
    let file = BufReader::new(file);
    let read = if path.extension().is_some_and(|extension| extension == "jsonl") {
        let snapshots = serde_json::Deserializer::from_reader(file).into_iter::<WeightSnapshot>();
        snapshots.collect::<Result<Vec<_>, _>>().map(|snapshots| WeightHistory { snapshots })
    } else {
        serde_json::from_reader(file)
    };
    read.map_err(|error| {
        let path = path.display();
        CliError::Input(format!(
            "'{path}' is no history of a run, or damaged ({error}): remove it to do without"
        ))
    })
}

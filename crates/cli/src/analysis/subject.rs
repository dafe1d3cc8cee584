use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use dabnet_engine::PackedModel;
use dabnet_train::History;
use dabnet_weights::{Source, WeightsError};

use crate::error::CliError;

/// What a training run leaves in its folder.
const LATENT: &str = "latent.safetensors";
const HISTORY: &str = "history.json";
const MODEL: &str = "model.safetensors";

/// A network to analyse.
#[derive(Debug)]
pub(super) struct Subject {
    /// What was given, as people write it.
    pub name: String,
    pub source: Source,
    /// What its latent weights went through, if it is a run that tells.
    pub history: Option<History>,
    /// The run's packed model, which knows the network.
    pub model: Option<PackedModel>,
    /// The files beside the weights that are read.
    beside: Vec<PathBuf>,
}

impl Subject {
    /// Opens a run's folder, or anything else that has weights.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let [latent, history, model] = [LATENT, HISTORY, MODEL].map(|name| path.join(name));
        let name = path.display().to_string();
        if !latent.is_file() {
            let source = Source::open(path)?;
            return Ok(Self { name, source, history: None, model: None, beside: Vec::new() });
        }
        Ok(Self {
            name,
            source: Source::open(&latent)?,
            history: history.is_file().then(|| read_history(&history)).transpose()?,
            model: model.is_file().then(|| PackedModel::load(&model)).transpose()?,
            beside: vec![history, model],
        })
    }

    /// That the page would not replace what it is about.
    pub(super) fn check_out(&self, out: &Path, sketch: Option<&Path>) -> Result<(), WeightsError> {
        self.source.check_output(out, self.beside.iter().map(PathBuf::as_path).chain(sketch))
    }
}

fn read_history(path: &Path) -> Result<History, CliError> {
    let file = File::open(path)
        .map_err(|error| CliError::Input(format!("cannot read '{}': {error}", path.display())))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| {
        let path = path.display();
        CliError::Input(format!(
            "'{path}' is no history of a run, or damaged ({error}): remove it to do without"
        ))
    })
}

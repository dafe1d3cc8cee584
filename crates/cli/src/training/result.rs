use std::{collections::BTreeMap, fs, io, path::Path};

use dabnet_engine::{PackedModel, replace_file};
use dabnet_sketch::Part;
use dabnet_train::{Description, Trained, pack};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Settings;
use crate::error::CliError;

/// What a run came to, in its folder.
const RESULTS: &str = "results.json";

/// The network of a run as a packed model.
pub(crate) fn packed(
    settings: &Settings,
    trained: &Trained,
    labels: Vec<String>,
    accuracy: Option<Value>,
) -> Result<PackedModel, CliError> {
    let mut provenance = BTreeMap::from([
        ("data".to_owned(), json!(settings.data.file_name().map(|name| name.to_string_lossy()))),
        ("augment".to_owned(), settings.varied_as()),
    ]);
    provenance.extend(accuracy.map(|accuracy| ("accuracy".to_owned(), accuracy)));
    Ok(pack(trained, Description { labels, preprocessing: settings.preprocessing(), provenance })?)
}

/// What `results.json` holds and `--json` prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunResults {
    pub data: String,
    pub fingerprint: u32,
    pub arch: String,
    pub policy: String,
    pub scheme: String,
    pub side: usize,
    pub epochs: usize,
    pub seed: u64,
    pub train: usize,
    #[serde(default)]
    pub validation: usize,
    pub seconds: f64,
    pub file_bytes: u64,
    pub test: Option<TestResult>,
}

/// How well a packed model labels what it was tested on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct TestResult {
    pub part: Part,
    pub count: usize,
    pub top1: f64,
    pub top5: f64,
}

impl RunResults {
    /// Keeps them in the folder of the run.
    pub(super) fn write(&self, folder: &Path) -> Result<(), CliError> {
        let path = folder.join(RESULTS);
        let text = format!("{:#}\n", json!(self));
        replace_file(&path, text.as_bytes()).map_err(|error| CliError::write(&path, &error))
    }

    /// Those of the run in `folder`, if it has come to its end.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, CliError> {
        let path = folder.join(RESULTS);
        let wrong = |error: String| CliError::Input(format!("{}: {error}", path.display()));
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| wrong(error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

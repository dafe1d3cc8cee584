use std::{collections::BTreeMap, fs, io, path::Path};

use dabnet_container::{Dtype, Tensor, replace_file, to_bytes};
use dabnet_data::Part;
use dabnet_engine::PackedModel;
use dabnet_train::{ModelMetadata, TrainedNetwork, pack};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::RunSettings;
use crate::error::CliError;

/// Name of the file with the results of a run.
const RESULTS: &str = "results.json";

/// Packs the network of a run.
pub(crate) fn pack_run(
    settings: &RunSettings,
    trained: &TrainedNetwork,
    labels: Vec<String>,
    accuracy: Option<Value>,
) -> Result<PackedModel, CliError> {
    let mut provenance = BTreeMap::from([
        ("data".to_owned(), json!(settings.data.file_name().map(|name| name.to_string_lossy()))),
        ("augment".to_owned(), settings.augmentation_record()),
    ]);
    provenance.extend(accuracy.map(|accuracy| ("accuracy".to_owned(), accuracy)));
    Ok(pack(trained, ModelMetadata { labels, preprocessing: settings.preprocessing(), provenance })?)
}

/// Latent weights of every convolution, `NAME.weight` in `OIHW`, as a safetensors file.
pub(crate) fn latent_weights(trained: &TrainedNetwork) -> Result<Vec<u8>, CliError> {
    let graph = trained.graph();
    let tensors = graph.convolutions().map(|(id, node, conv)| Tensor {
        name: format!("{}.weight", node.name),
        dtype: Dtype::F32,
        shape: vec![conv.out_channels, graph.filter_channels(id), conv.kernel, conv.kernel],
        data: trained.parameters().get(id, "weight").iter().flat_map(|weight| weight.to_le_bytes()).collect(),
    });
    to_bytes(&BTreeMap::new(), tensors.collect())
        .map_err(|error| CliError::Failure(format!("cannot save the latent weights: {error}")))
}

/// Results of a run: the content of `results.json`, and the output of `--json`.
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

/// Accuracy of a packed model on a part of a data set.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct TestResult {
    pub part: Part,
    pub count: usize,
    pub top1: f64,
    pub top5: f64,
}

impl RunResults {
    /// Writes the results into the folder of the run.
    pub(super) fn write(&self, folder: &Path) -> Result<(), CliError> {
        let path = folder.join(RESULTS);
        let text = format!("{:#}\n", json!(self));
        replace_file(&path, text.as_bytes()).map_err(|error| CliError::write(&path, &error))
    }

    /// Reads the results of the run in `folder`, if it has come to its end.
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

use std::{fs, path::Path};

use dabnet_container::replace_file;
use dabnet_report::QuickstartReport;
use serde::Serialize;
use serde_json::{Value, json};

use super::{QuickstartOptions, QuickstartResult, network::QuickstartNetwork};
use crate::{
    error::CliError,
    output::check_folder,
    training::{LATENT, latent_weights},
};

/// Name of the page to look at.
pub(super) const REPORT: &str = "report.html";
const RESULTS: &str = "results.json";
const MODEL: &str = "model.safetensors";
/// Name of the file with the history of latent weights.
const HISTORY: &str = "history.json";

/// Checks that nothing but a quickstart with the same settings is replaced, unless that is asked for.
pub(super) fn check_replaced(settings: &QuickstartOptions, train_count: usize) -> Result<(), CliError> {
    check_folder(&settings.out)?;
    if settings.force {
        return Ok(());
    }
    let own = [RESULTS, REPORT].into_iter().chain(QuickstartNetwork::ALL.iter().map(|network| network.key));
    let own: Vec<&str> = own.collect();
    let mut entries = settings.out.read_dir().into_iter().flatten().flatten();
    if let Some(other) = entries.find(|entry| !own.iter().any(|name| entry.file_name() == *name)) {
        return Err(CliError::Input(format!(
            "{} has something else in it, {}: give another --out, or --force",
            settings.out.display(),
            other.file_name().display()
        )));
    }
    let path = settings.out.join(RESULTS);
    let Some(there) = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok())
    else {
        return Ok(());
    };
    let asked = json!({ "seed": settings.seed, "epochs": settings.epochs(), "train": train_count });
    let is_other = |name: &&str| there[*name] != asked[*name];
    match ["seed", "epochs", "train"].into_iter().find(is_other) {
        Some(name) => Err(CliError::Input(format!(
            "{} has a finished quickstart with {name} {}, not {}: give another --out, or --force to replace it",
            settings.out.display(),
            there[name],
            asked[name]
        ))),
        None => Ok(()),
    }
}

/// Checks that everything can be written, before minutes of training.
pub(super) fn prepare(out: &Path) -> Result<(), CliError> {
    let models = QuickstartNetwork::ALL.iter().map(|network| out.join(network.key));
    for folder in models.clone().chain([out.to_owned()]) {
        fs::create_dir_all(&folder).map_err(|error| CliError::write(&folder, &error))?;
        tempfile::Builder::new().tempfile_in(&folder).map_err(|error| CliError::write(&folder, &error))?;
    }
    let files = models.map(|folder| folder.join(MODEL)).chain([out.join(RESULTS), out.join(REPORT)]);
    match files.into_iter().find(|file| file.is_dir()) {
        Some(file) => Err(CliError::Failure(format!("cannot write {}: it is a folder", file.display()))),
        None => Ok(()),
    }
}

/// Writes models, report and results; existing files are replaced whole.
pub(super) fn write(
    out: &Path,
    outcomes: &[QuickstartResult],
    report: &QuickstartReport,
) -> Result<(), CliError> {
    for outcome in outcomes {
        let folder = out.join(outcome.report.key);
        fs::create_dir_all(&folder).map_err(|error| CliError::write(&folder, &error))?;
        outcome.packed.save(folder.join(MODEL))?;
        replace(&folder.join(LATENT), &latent_weights(&outcome.trained)?)?;
        replace(&folder.join(HISTORY), json(outcome.trained.history()).as_bytes())?;
    }
    replace(&out.join(RESULTS), json(&report.summary()).as_bytes())?;
    replace(&out.join(REPORT), report.to_html().as_bytes())
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    replace_file(path, bytes).map_err(|error| CliError::write(path, &error))
}

fn json(value: &impl Serialize) -> String {
    format!("{}\n", json!(value))
}

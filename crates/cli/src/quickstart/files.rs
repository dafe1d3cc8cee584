use std::{
    fs::{self, DirEntry},
    path::Path,
};

use dabnet_container::replace_file;
use dabnet_report::QuickstartReport;
use dabnet_train::RUN_LOCK;
use serde_json::json;

use super::{QuickstartOptions, network::QuickstartNetwork};
use crate::{error::CliError, output::check_folder, training::CONFIG};

/// Name of the page to look at.
pub(super) const REPORT: &str = "report.html";
const RESULTS: &str = "results.json";

/// Checks that everything can be written, before minutes of training, and that nothing but a quickstart is there,
/// unless that is to begin anew.
pub(super) fn prepare(options: &QuickstartOptions) -> Result<(), CliError> {
    let out = options.out.as_path();
    check_folder(out)?;
    let runs: Vec<_> = QuickstartNetwork::ALL.iter().map(|network| out.join(network.key)).collect();
    if options.force {
        let mut begun = runs.iter().filter(|run| run.join(CONFIG).is_file());
        begun.try_for_each(fs::remove_dir_all).map_err(|error| CliError::write(out, &error))?;
    } else {
        check_only_own(out)?;
    }
    for folder in runs.iter().map(|run| run.as_path()).chain([out]) {
        fs::create_dir_all(folder).map_err(|error| CliError::write(folder, &error))?;
        tempfile::Builder::new().tempfile_in(folder).map_err(|error| CliError::write(folder, &error))?;
    }
    match [RESULTS, REPORT].map(|name| out.join(name)).into_iter().find(|file| file.is_dir()) {
        Some(file) => Err(CliError::Failure(format!("cannot write {}: it is a folder", file.display()))),
        None => Ok(()),
    }
}

/// Checks that the folder has nothing but what a quickstart writes.
fn check_only_own(out: &Path) -> Result<(), CliError> {
    let own = [RESULTS, REPORT].into_iter().chain(QuickstartNetwork::ALL.iter().map(|network| network.key));
    let own: Vec<&str> = own.collect();
    let mut entries = out.read_dir().into_iter().flatten().flatten();
    let is_quickstart =
        QuickstartNetwork::ALL.iter().any(|network| out.join(network.key).join(CONFIG).is_file());
    // Empty folders are left by one that did not come to train.
    let is_own = |entry: &DirEntry| match entry.path().read_dir() {
        Ok(mut inside) => {
            inside.next().is_none() || [CONFIG, RUN_LOCK].iter().any(|name| entry.path().join(name).is_file())
        }
        Err(_) => is_quickstart,
    };
    match entries.find(|entry| !own.iter().any(|name| entry.file_name() == *name) || !is_own(entry)) {
        Some(other) => Err(CliError::Input(format!(
            "{} has something else in it, {}: give another --out, or --force",
            out.display(),
            other.file_name().display()
        ))),
        None => Ok(()),
    }
}

/// Writes the report and its numbers; existing files are replaced whole.
pub(super) fn write(out: &Path, report: &QuickstartReport) -> Result<(), CliError> {
    let replace = |name: &str, text: String| {
        let path = out.join(name);
        replace_file(&path, text.as_bytes()).map_err(|error| CliError::write(&path, &error))
    };
    replace(RESULTS, format!("{}\n", json!(report.summary())))?;
    replace(REPORT, report.to_html())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_begin_anew() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let options = |force| QuickstartOptions {
            out: out.clone(),
            seed: 0,
            epochs: None,
            fast: true,
            threads: 1,
            json: false,
            force,
        };
        let [run, other, theirs] = ["full/config.toml", "dab/notes", "mine/notes"].map(|name| out.join(name));
        for path in [&run, &other, &theirs] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let left = || [&run, &other, &theirs].map(|path| path.exists());
        assert!(prepare(&options(false)).unwrap_err().to_string().contains("mine"));
        assert_eq!(left(), [true, true, true]);
        prepare(&options(true)).unwrap();
        assert_eq!(left(), [false, true, true]);
    }
}

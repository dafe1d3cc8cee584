use std::path::{Path, PathBuf};

use crate::{
    error::CliError,
    training::{MODEL, Results, Settings, Tested},
};

/// A run that has come to its end.
#[derive(Debug)]
pub(crate) struct Entry {
    pub folder: PathBuf,
    pub settings: Settings,
    pub results: Results,
    pub tested: Tested,
}

impl Entry {
    /// The run in `folder`, if it has come to its end.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>, CliError> {
        let (Some(results), Some(settings)) = (Results::read(folder)?, Settings::begun(folder)?) else {
            return Ok(None);
        };
        if !folder.join(MODEL).is_file() {
            return Ok(None);
        }
        let folder = folder.to_owned();
        let Some(tested) = results.test else {
            let folder = folder.display();
            return Err(CliError::Input(format!(
                "{folder} was tested on nothing: its data has no test part"
            )));
        };
        Ok(Some(Self { folder, settings, results, tested }))
    }

    /// That this run and `other` can stand in one table: the same data and as many of them to test on.
    pub(super) fn check_data(&self, other: &Self) -> Result<(), CliError> {
        let of = |entry: &Self| (entry.results.fingerprint, entry.results.train, entry.tested.count);
        if of(self) == of(other) {
            return Ok(());
        }
        let [ours, theirs] = [self, other].map(|entry| entry.folder.display());
        Err(CliError::Input(format!("{theirs} was trained or tested on other data than {ours}")))
    }

    /// That this run and `other` differ in their seeds alone, whatever layers were chosen for them.
    pub(super) fn check_settings(&self, other: &Self) -> Result<(), CliError> {
        let mut settings = other.settings.clone();
        settings.train.seed = self.settings.train.seed;
        if self.settings.auto.is_some() {
            settings.policy = self.settings.policy.clone();
        }
        match self.settings.difference(&settings)? {
            None => Ok(()),
            Some((name, ours, theirs)) => {
                let [this, that] = [self, other].map(|entry| entry.folder.display());
                Err(CliError::Input(format!(
                    "{that} cannot be averaged with {this}: {name} is {theirs} there and {ours} here"
                )))
            }
        }
    }
}

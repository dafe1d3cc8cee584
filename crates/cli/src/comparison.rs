//! Comparison of finished runs: reads them, measures their models, and hands them to the report.

mod kinds;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use dabnet_engine::Model;
use dabnet_report::{ComparedData, ComparedNetwork, ComparedRun, ComparedSettings, Comparison, NetworkKind};

pub(crate) use self::kinds::{network_kinds, split_policies};
use crate::{
    bench,
    error::CliError,
    training::{MODEL, RunResults, RunSettings, TestResult},
};

/// A run that has come to its end.
#[derive(Debug)]
pub(crate) struct FinishedRun {
    folder: PathBuf,
    pub(crate) settings: RunSettings,
    pub(crate) results: RunResults,
    test: TestResult,
}

impl FinishedRun {
    /// Opens the run in `folder`, if it has come to its end.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>, CliError> {
        let (Some(results), Some(settings)) = (RunResults::read(folder)?, RunSettings::begun(folder)?) else {
            return Ok(None);
        };
        if !folder.join(MODEL).is_file() {
            return Ok(None);
        }
        let folder = folder.to_owned();
        let Some(test) = results.test else {
            let folder = folder.display();
            return Err(CliError::Input(format!(
                "{folder} was tested on nothing: its data has no test part"
            )));
        };
        Ok(Some(Self { folder, settings, results, test }))
    }

    /// Checks that this run and `other` can stand in one table: same data, as many test sketches.
    fn check_data(&self, other: &Self) -> Result<(), CliError> {
        let of = |run: &Self| (run.results.fingerprint, run.results.train, run.test.count);
        if of(self) == of(other) {
            return Ok(());
        }
        let [ours, theirs] = [self, other].map(|run| run.folder.display());
        Err(CliError::Input(format!("{theirs} was trained or tested on other data than {ours}")))
    }

    /// Checks that this run and `other` differ in their seeds alone, whatever layers were chosen for them.
    fn check_settings(&self, other: &Self) -> Result<(), CliError> {
        let mut settings = other.settings.clone();
        settings.train.seed = self.settings.train.seed;
        if self.settings.auto.is_some() {
            settings.policy = self.settings.policy.clone();
        }
        match self.settings.difference(&settings)? {
            None => Ok(()),
            Some((name, ours, theirs)) => {
                let [this, that] = [self, other].map(|run| run.folder.display());
                Err(CliError::Input(format!(
                    "{that} cannot be averaged with {this}: {name} is {theirs} there and {ours} here"
                )))
            }
        }
    }

    fn compared(&self) -> ComparedRun {
        ComparedRun {
            folder: self.folder.display().to_string(),
            seed: self.results.seed,
            policy: self.results.policy.clone(),
            top1: self.test.top1,
            top5: self.test.top5,
            tested: self.test.count,
            seconds: self.results.seconds,
            file_bytes: self.results.file_bytes,
        }
    }
}

/// Compares networks by their runs; those without a run are left out. Measures speed.
pub(crate) fn compare(networks: Vec<(NetworkKind, Vec<FinishedRun>)>) -> Result<Comparison, CliError> {
    let networks: Vec<_> = networks.into_iter().filter(|(_, runs)| !runs.is_empty()).collect();
    check(&networks)?;
    let load = |(_, runs): &(NetworkKind, Vec<FinishedRun>)| Model::load(runs[0].folder.join(MODEL));
    let models = networks.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    let milliseconds = bench::median_milliseconds(&models)?;
    let data = networks.first().map(|(_, runs)| &runs[0].results);
    let data = data.map(|results| ComparedData {
        path: results.data.clone(),
        fingerprint: results.fingerprint,
        train: results.train,
        validation: results.validation,
    });
    let isa = models.first().map_or_else(String::new, |model| model.isa().to_string());
    let mut compared = Vec::with_capacity(networks.len());
    for (((kind, runs), model), time) in networks.into_iter().zip(&models).zip(milliseconds) {
        let settings = compared_settings(&runs[0].settings)?;
        let runs = runs.iter().map(FinishedRun::compared).collect();
        compared.push(ComparedNetwork::new(kind, runs, settings, model.graph(), time)?);
    }
    let data = data.ok_or_else(|| CliError::Input("there is no run to compare".to_owned()))?;
    Ok(Comparison::new(compared, data, isa))
}

/// Checks that all runs are of the same data, and those of a network of the same settings.
fn check(networks: &[(NetworkKind, Vec<FinishedRun>)]) -> Result<(), CliError> {
    let mut all = networks.iter().flat_map(|(_, runs)| runs);
    if let Some(first) = all.next() {
        all.try_for_each(|run| first.check_data(run))?;
    }
    for (_, runs) in networks {
        runs[1..].iter().try_for_each(|run| runs[0].check_settings(run))?;
    }
    Ok(())
}

fn compared_settings(settings: &RunSettings) -> Result<ComparedSettings, CliError> {
    let default = RunSettings::default().by_name()?;
    let changed = settings.by_name()?.into_iter().filter(|(name, value)| default.get(name) != Some(value));
    let look = settings.look.to_possible_value();
    Ok(ComparedSettings {
        side: settings.side,
        line_width: settings.line_width,
        look: look.map_or_else(String::new, |look| look.get_name().to_owned()),
        epochs: settings.train.epochs,
        changed: changed.collect(),
    })
}

//! The table of the paper, of one's own runs: networks side by side, over seeds.

mod difference;
mod entry;
mod estimate;
mod network;
mod report;
mod row;
mod section;
mod speed;
mod table;

use dabnet_engine::Model;
use dabnet_graph::Policy;
use serde_json::{Value, json};

use self::{difference::Difference, row::Row};
pub(crate) use self::{
    entry::Entry,
    network::{Network, policies},
    report::Report,
};
use crate::{error::CliError, training::MODEL};

/// Networks, compared.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// One a network that has a run.
    rows: Vec<Row>,
    differences: Vec<Difference>,
    /// Instructions that the times were measured with.
    isa: String,
}

impl Comparison {
    /// Of finished runs, network by network; those without a run are left out. Speed is measured here.
    pub(crate) fn new(networks: Vec<(Network, Vec<Entry>)>) -> Result<Self, CliError> {
        let networks: Vec<_> = networks.into_iter().filter(|(_, entries)| !entries.is_empty()).collect();
        check(&networks)?;
        let load = |(_, entries): &(Network, Vec<Entry>)| Model::load(entries[0].folder.join(MODEL));
        let models = networks.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        let milliseconds = speed::milliseconds(&models)?;
        let mut rows = Vec::with_capacity(networks.len());
        for (((network, entries), model), time) in networks.into_iter().zip(&models).zip(milliseconds) {
            rows.push(Row::new(network, entries, model, time)?);
        }
        let full = rows.iter().filter(|row| row.network.policy == Policy::Full);
        let full: Vec<_> = full.map(|row| (row.network.arch.clone(), row.file_bytes)).collect();
        rows.iter_mut().for_each(|row| row.find_full(&full));
        let isa = models.first().map_or_else(String::new, |model| model.isa().to_string());
        Ok(Self { differences: Difference::all(&rows), rows, isa })
    }

    /// What `--json` prints.
    pub(crate) fn to_json(&self, missing: &[String]) -> Value {
        let results = self.rows.first().map(|row| &row.entries[0].results);
        json!({
            "data": results.map(|results| &results.data),
            "fingerprint": results.map(|results| results.fingerprint),
            "train": results.map(|results| results.train),
            "validation": results.map(|results| results.validation),
            "test": self.rows.first().map(Row::tested),
            "networks": self.rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "differences": self.differences,
            "isa": self.isa,
            "missing": missing,
        })
    }

    fn several_archs(&self) -> bool {
        self.rows.iter().any(|row| row.network.arch != self.rows[0].network.arch)
    }
}

/// That all runs are of the same data, and those that are averaged of the same settings.
fn check(networks: &[(Network, Vec<Entry>)]) -> Result<(), CliError> {
    let mut all = networks.iter().flat_map(|(_, entries)| entries);
    if let Some(first) = all.next() {
        all.try_for_each(|entry| first.check_data(entry))?;
    }
    for (_, entries) in networks {
        entries[1..].iter().try_for_each(|entry| entries[0].check_settings(entry))?;
    }
    Ok(())
}

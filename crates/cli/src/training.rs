//! Training runs: what one is, how it is shown, and what it leaves.

mod look;
mod options;
mod result;
mod settings;
mod watch;

pub(crate) use look::Look;
pub(crate) use options::TrainingOptions;
pub(crate) use result::{Results, Tested, packed, write_results};
pub(crate) use settings::Settings;
pub(crate) use watch::Watch;

/// The settings of a run, in its folder.
pub(crate) const CONFIG: &str = "config.toml";
/// The packed model of a run, in its folder.
pub(crate) const MODEL: &str = "model.safetensors";

//! Training runs: settings, the run itself, its observer and its results.

mod job;
mod layers;
mod length;
mod look;
mod observer;
mod options;
mod path_list;
mod results;
mod settings;
mod source;
mod start_defaults;

pub(crate) use job::TrainingJob;
pub(crate) use layers::SettingsLayers;
pub(crate) use look::NamedLook;
pub(crate) use observer::InterruptFlag;
use observer::RunObserver;
use options::option_of;
pub(crate) use options::{MachineArgs, SettingsArgs};
use path_list::PathList;
pub(crate) use results::{RunResults, TestResult, latent_weights, pack_run};
use settings::AutoPolicy;
pub(crate) use settings::RunSettings;
use source::{ForeignNetwork, NetworkSource};

/// Name of the file with the settings of a run.
pub(crate) const CONFIG: &str = "config.toml";
/// Name of the file with the latent weights of a run.
pub(crate) const LATENT: &str = "latent.safetensors";
/// Name of the file with the packed model of a run.
pub(crate) const MODEL: &str = "model.safetensors";

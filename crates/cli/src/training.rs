//! Training runs: what one is, how it is shown, and what it leaves.

mod auto;
mod beginning;
mod choice;
mod interrupt;
mod job;
mod latent;
mod length;
mod look;
mod machine;
mod options;
mod paths;
mod result;
mod settings;
mod source;
mod watch;

use auto::Auto;
pub(crate) use choice::Choice;
pub(crate) use interrupt::Interrupt;
pub(crate) use job::Job;
pub(crate) use latent::latent;
pub(crate) use look::NamedLook;
pub(crate) use machine::Machine;
pub(crate) use options::TrainingOptions;
use paths::Paths;
pub(crate) use result::{RunResults, TestResult, packed};
pub(crate) use settings::Settings;
use source::{ForeignNetwork, Source};
use watch::Watch;

/// The settings of a run, in its folder.
pub(crate) const CONFIG: &str = "config.toml";
/// The weights behind the packed ones, in the folder of a run: what `dabnet analyze` reads.
pub(crate) const LATENT: &str = "latent.safetensors";
/// The packed model of a run, in its folder.
pub(crate) const MODEL: &str = "model.safetensors";

use std::time::Duration;

use clap::Args;
use dabnet_train::{Device, Saving, TrainError};

use super::Settings;

/// What a run trains on, which does not decide what it becomes.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Machine {
    /// What runs the network: cpu, libtorch, cuda, cuda:N or wgpu
    #[arg(long, default_value = "cpu", value_name = "DEVICE")]
    device: Device,

    /// Threads; 0 for one a core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=512))]
    threads: u16,

    /// Minutes from one checkpoint to the next; there is one after every epoch as well
    #[arg(long, default_value_t = 5, value_name = "MINUTES")]
    save_every: u64,
}

impl Machine {
    /// That it is there.
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        self.device.check()
    }

    /// The same settings, here.
    pub(crate) fn with(&self, mut settings: Settings) -> Settings {
        settings.train.device = self.device;
        settings.train.threads = self.threads.into();
        settings
    }

    /// How often a run is written down.
    pub(crate) fn saving(&self) -> Saving {
        Saving { every: Duration::from_secs(self.save_every.saturating_mul(60)), ..Saving::default() }
    }
}

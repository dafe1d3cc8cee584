use std::time::Duration;

use clap::Args;
use dabnet_train::{Device, SaveSchedule, TrainError};

use super::Settings;

/// What a run trains on, which does not decide what it becomes.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Machine {
    /// What runs the network: cpu, libtorch, cuda, cuda:N or wgpu [default: cpu]
    #[arg(long, value_name = "DEVICE")]
    device: Option<Device>,

    /// Threads; 0 for one a core [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=512))]
    threads: Option<u16>,

    /// Minutes from one checkpoint to the next; there is one after every epoch as well
    #[arg(long, default_value_t = 5, value_name = "MINUTES")]
    save_every: u64,
}

impl Machine {
    /// The same settings, here: what is given stands over them.
    ///
    /// # Errors
    /// [`TrainError::Device`] if that is not there.
    pub(crate) fn with(&self, mut settings: Settings) -> Result<Settings, TrainError> {
        let train = &mut settings.train;
        train.device = self.device.unwrap_or(train.device);
        train.threads = self.threads.map_or(train.threads, usize::from);
        train.device.check()?;
        Ok(settings)
    }

    /// How often a run is written down.
    pub(crate) fn saving(&self) -> SaveSchedule {
        SaveSchedule {
            every: Duration::from_secs(self.save_every.saturating_mul(60)),
            ..SaveSchedule::default()
        }
    }
}

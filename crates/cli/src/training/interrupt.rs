use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::error::CliError;

/// Whether someone pressed Ctrl-C.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// What the process exits with then.
    pub(crate) const EXIT_CODE: u8 = 130;

    /// Listens from now on. A process can do so once.
    pub(crate) fn listen() -> Result<Self, CliError> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = interrupted.clone();
        let handler = move || {
            // Whoever asks twice does not want to wait for the step.
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(Self::EXIT_CODE.into());
            }
        };
        ctrlc::set_handler(handler)
            .map_err(|error| CliError::Failure(format!("cannot listen for Ctrl-C: {error}")))?;
        Ok(Self(interrupted))
    }

    /// Whether someone asked for the end.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

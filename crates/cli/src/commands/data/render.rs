use crate::error::CliError;
use clap::Args;
use std::process::ExitCode;

/// Draw sketches of a data set side by side.
#[derive(Debug, Args)]
pub(crate) struct Render {}

impl Render {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        Ok(ExitCode::SUCCESS)
    }
}

//! What `dabnet serve` and `dabnet page` have in common.

use std::path::PathBuf;

use dabnet_serve::Catalogue;

use crate::{error::CliError, models};

/// The models at these paths, or the shipped ones if there are none.
pub(crate) fn catalogue(paths: &[PathBuf]) -> Result<Catalogue, CliError> {
    Ok(Catalogue::new(models::served(paths)?)?)
}

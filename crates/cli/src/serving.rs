//! What `dabnet serve` and `dabnet page` have in common.

use std::path::PathBuf;

use dabnet_serve::ModelRegistry;

use crate::{error::CliError, models};

/// The models at these paths, or the shipped ones if there are none.
pub(crate) fn model_registry(paths: &[PathBuf]) -> Result<ModelRegistry, CliError> {
    Ok(ModelRegistry::new(models::served(paths)?)?)
}

//! What `dabnet serve` and `dabnet page` have in common.

use std::path::PathBuf;

use dabnet_serve::{Catalogue, ServedModel};

use crate::{error::CliError, shipped};

/// The models at these paths, or the shipped ones if there are none.
pub(crate) fn catalogue(paths: &[PathBuf]) -> Result<Catalogue, CliError> {
    let models = if paths.is_empty() {
        shipped::served()?
    } else {
        paths.iter().map(ServedModel::load).collect::<Result<_, _>>()?
    };
    Ok(Catalogue::new(models)?)
}

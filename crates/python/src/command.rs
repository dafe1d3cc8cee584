use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program `dabnet` with its arguments, of which the first is its name, and returns its exit code.
#[pyfunction]
pub(crate) fn command(python: Python<'_>, arguments: Vec<OsString>) -> u8 {
    python.detach(|| dabnet_cli::run(arguments).0)
}

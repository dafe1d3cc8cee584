//! Python's `dabnet._dabnet`, which `python/dabnet` gives its names and types.

mod arrow;
mod binarize;
mod command;
mod drawing;
mod model;

use pyo3::prelude::*;

#[pymodule]
mod _dabnet {
    #[pymodule_export]
    use super::binarize::binarize;
    #[pymodule_export]
    use super::command::command;
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::model_names;
}

/// Names of the models that are in the package, the most useful one first.
#[pyfunction]
fn model_names() -> Vec<&'static str> {
    dabnet::models::names().collect()
}

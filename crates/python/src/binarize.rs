use dabnet_binarize::{Scheme, split};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::{exceptions::PyValueError, prelude::*};
use rayon::prelude::*;

/// Values, thresholds and counts of every row of `weights`: the upper value, the lower one, the least weight of the upper
/// part, and how many it has.
#[pyfunction]
#[expect(clippy::type_complexity, reason = "four arrays, which Python names")]
pub(crate) fn binarize<'py>(
    python: Python<'py>,
    weights: PyReadonlyArray2<'py, f32>,
    scheme: &str,
) -> PyResult<(
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray1<f32>>,
    Bound<'py, PyArray1<i64>>,
)> {
    let wrong = |error: &dyn std::fmt::Display| PyValueError::new_err(error.to_string());
    let scheme: Scheme = scheme.parse().map_err(|error| wrong(&error))?;
    let (values, width) = (weights.as_slice()?, weights.as_array().ncols());
    let splits = python
        .detach(|| {
            values.par_chunks(width.max(1)).map(|row| split(scheme, row)).collect::<Result<Vec<_>, _>>()
        })
        .map_err(|error| wrong(&error))?;
    let of = |part: fn(&dabnet_binarize::Split) -> f32| {
        splits.iter().map(part).collect::<Vec<f32>>().into_pyarray(python)
    };
    let counts: Vec<i64> = splits.iter().map(|split| split.count as i64).collect();
    Ok((of(|split| split.alpha), of(|split| split.beta), of(|split| split.cut), counts.into_pyarray(python)))
}

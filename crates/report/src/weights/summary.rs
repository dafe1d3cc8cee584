use std::collections::BTreeMap;

use dabnet_binarize::Scheme;
use serde::Serialize;

use super::{
    LayerAnalysis, WeightAnalysis,
    statistics::{FitSum, Quartiles},
};

/// The numbers of a [`WeightAnalysis`], as `dabnet analyze --json` prints them.
#[derive(Clone, Debug, Serialize)]
pub struct WeightSummary<'a> {
    /// Name of the network.
    pub input: &'a str,
    /// Number of filters.
    pub filters: usize,
    /// Number of weights.
    pub weights: usize,
    /// Errors of the inner layers taken together, by scheme.
    pub relative_error: BTreeMap<&'static str, FitError>,
    /// The tensors in the order of the file.
    pub tensors: Vec<TensorSummary<'a>>,
}

/// The numbers of one tensor.
#[derive(Clone, Debug, Serialize)]
pub struct TensorSummary<'a> {
    /// Name of the tensor.
    pub name: &'a str,
    /// Its dimensions.
    pub shape: &'a [usize],
    /// Number of filters.
    pub filters: usize,
    /// Weights in a filter.
    pub n: usize,
    /// Reason why it is left alone by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_alone: Option<&'static str>,
    /// `K / n` of its filters, by scheme.
    pub upper_share: BTreeMap<&'static str, Quartiles>,
    /// Errors by scheme.
    pub relative_error: BTreeMap<&'static str, FitError>,
    /// Number of filters by the shape of their distribution.
    pub shapes: BTreeMap<&'static str, usize>,
}

/// Relative error of two values per filter.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FitError {
    /// Mean over filters.
    pub mean: f64,
    /// Error of all weights taken together.
    pub total: f64,
}

impl<'a> WeightSummary<'a> {
    pub(super) fn new(analysis: &'a WeightAnalysis) -> Self {
        Self {
            input: &analysis.name,
            filters: analysis.layers.iter().map(|layer| layer.total.filters).sum(),
            weights: analysis.layers.iter().map(|layer| layer.total.weights).sum(),
            relative_error: errors(&analysis.total()),
            tensors: analysis.layers.iter().map(TensorSummary::new).collect(),
        }
    }
}

impl<'a> TensorSummary<'a> {
    fn new(layer: &'a LayerAnalysis) -> Self {
        let shares = Scheme::ALL.into_iter().zip(layer.shares);
        Self {
            name: &layer.name,
            shape: &layer.shape,
            filters: layer.total.filters,
            n: layer.n,
            left_alone: layer.end,
            upper_share: shares.map(|(scheme, share)| (scheme.name(), share)).collect(),
            relative_error: errors(&layer.total),
            shapes: layer.shape_fits.iter().map(|(shape, fit)| (shape.name(), fit.count)).collect(),
        }
    }
}

fn errors(total: &FitSum) -> BTreeMap<&'static str, FitError> {
    let error = |scheme| FitError { mean: total.mean_error(scheme), total: total.error(scheme) };
    Scheme::ALL.into_iter().map(|scheme| (scheme.name(), error(scheme))).collect()
}

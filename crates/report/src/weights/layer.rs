use dabnet_binarize::{FilterStatistics, Scheme, SplitError};
use dabnet_weights::{FilterAxis, LayerRole, Tensor, WeightReader, WeightsError};
use rayon::prelude::*;

use super::{
    probe::{FilterInput, ProbeSketch},
    response::{FilterResponse, LayerResponses},
    statistics::{FitSum, Quartiles, ShapeFits},
};
use crate::{
    format::{evenly_spaced, mean},
    page::{FilterCard, Histogram, TileLayout, largest_magnitude},
};

/// Analysis of one layer. Does not keep all of the weights.
#[derive(Debug)]
pub struct LayerAnalysis {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    /// Weights in a filter.
    pub(super) n: usize,
    /// Name of the end of the network that it is, if any: such a layer is left alone by default.
    pub(super) end: Option<&'static str>,
    pub(super) total: FitSum,
    /// `K / n` of its filters, in the order of [`Scheme::ALL`].
    pub(super) shares: [Quartiles; Scheme::ALL.len()],
    pub(super) shape_fits: ShapeFits,
    /// Filters with the greatest error of `dab`.
    pub(super) misfits: Vec<MisfitFilter>,
    pub(super) detail: Option<LayerDetail>,
}

/// Upper bound of misfits per layer.
const MISFITS: usize = 2;

impl LayerAnalysis {
    /// Reads and analyzes the weights of a tensor; with pictures and histograms if `detailed`.
    ///
    /// # Errors
    /// [`WeightsError`] if the weights cannot be read or a filter cannot be split.
    pub fn read(
        reader: &mut WeightReader<'_>,
        tensor: &Tensor,
        probe: &ProbeSketch,
        detailed: bool,
    ) -> Result<Self, WeightsError> {
        let weights = read(reader, tensor)?;
        let n = tensor.filter_len();
        let filters: Vec<&[f32]> = weights.chunks_exact(n).collect();
        let statistics = statistics(tensor, &filters)?;
        let values =
            |of: fn(&FilterStatistics) -> f32| mean(statistics.iter().map(|s| f64::from(of(s)))) as f32;
        let values = [
            values(|s| s.fit(Scheme::Dab).split.alpha),
            values(|s| s.fit(Scheme::Dab).split.beta),
            values(|s| s.fit(Scheme::Sign).split.alpha),
        ];
        let share = |scheme| Quartiles::of(statistics.iter().map(|s| s.upper_share(scheme)).collect());
        let by_error = sorted(&statistics, |s| s.fit(Scheme::Dab).relative_error);
        let misfit = |&index: &usize| MisfitFilter::new(index, filters[index], &statistics[index]);
        Ok(Self {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            n,
            end: match tensor.role {
                LayerRole::First => Some("first layer"),
                LayerRole::Last => Some("last layer"),
                LayerRole::Inner | LayerRole::Other(_) => None,
            },
            total: FitSum::of(filters.iter().copied().zip(&statistics)),
            shares: Scheme::ALL.map(share),
            shape_fits: ShapeFits::of(&statistics),
            misfits: by_error.iter().rev().take(MISFITS).map(misfit).collect(),
            detail: detailed.then(|| {
                LayerDetail::new(tensor, &filters, &statistics, &by_error, values, probe.filter_input(tensor))
            }),
        })
    }
}

/// Pictures, histograms and responses of a layer.
#[derive(Debug)]
pub(super) struct LayerDetail {
    /// Histogram of all its weights.
    pub(super) histogram: Histogram,
    /// Largest magnitude among them.
    pub(super) limit: f32,
    /// Errors of filters in the order of [`Scheme::ALL`], sorted by the first; of many filters a sample.
    pub(super) errors: Vec<[f64; Scheme::ALL.len()]>,
    /// Filters for which free values matter least, middlingly and most.
    pub(super) examples: Vec<ExampleFilter>,
    /// Input of its filters.
    pub(super) input: Option<FilterInput>,
    /// Responses of all filters, where the network is known.
    pub(super) responses: Option<LayerResponses>,
}

/// Upper bound of filters drawn as points.
const POINTS: usize = 160;

/// Bins of the histogram.
const BINS: usize = 61;

/// Number of example filters.
const EXAMPLES: usize = 3;

impl LayerDetail {
    /// `by_error` are the indices of filters by the error of `dab`, the least first; `values` the means over
    /// filters of `α`, `β` and `mean|W|`.
    fn new(
        tensor: &Tensor,
        filters: &[&[f32]],
        statistics: &[FilterStatistics],
        by_error: &[usize],
        values: [f32; 3],
        input: Option<FilterInput>,
    ) -> Self {
        let limit = filters.iter().map(|weights| largest_magnitude(weights)).fold(0.0, f32::max);
        let errors = |place: usize| Scheme::ALL.map(|s| statistics[by_error[place]].fit(s).relative_error);
        let by_gap = sorted(statistics, |s| s.gap(Scheme::Sign));
        let tiles = tiles(tensor);
        let example = |place: usize| {
            let index = by_gap[place];
            ExampleFilter::new(index, filters[index], tiles, &statistics[index], input.as_ref())
        };
        Self {
            histogram: Histogram::of_filters(BINS, filters.iter().copied(), limit, values),
            limit,
            errors: evenly_spaced(by_error.len(), POINTS).into_iter().map(errors).collect(),
            examples: evenly_spaced(by_gap.len(), EXAMPLES).into_iter().map(example).collect(),
            responses: input.as_ref().filter(|input| !input.same_channels).map(|input| {
                let of =
                    |(weights, statistics): (&&[f32], _)| FilterResponse::new(input, weights, statistics);
                LayerResponses::of(filters.par_iter().zip(statistics).map(of).collect::<Vec<_>>())
            }),
            input,
        }
    }
}

/// Layout of a filter's weights.
fn tiles(tensor: &Tensor) -> TileLayout {
    match tensor.filters {
        FilterAxis::First => TileLayout::new(&tensor.shape[1..]),
        FilterAxis::Last => TileLayout::new(&tensor.shape[..tensor.shape.len() - 1]),
    }
}

/// Indices of filters in ascending order of `key`.
fn sorted(statistics: &[FilterStatistics], key: impl Fn(&FilterStatistics) -> f64) -> Vec<usize> {
    let keys: Vec<f64> = statistics.iter().map(key).collect();
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
    order
}

/// A filter shown as a card.
#[derive(Debug)]
pub(super) struct ExampleFilter {
    /// Index of its output channel.
    pub(super) index: usize,
    pub(super) card: FilterCard,
    pub(super) response: Option<FilterResponse>,
}

impl ExampleFilter {
    fn new(
        index: usize,
        weights: &[f32],
        tiles: TileLayout,
        statistics: &FilterStatistics,
        input: Option<&FilterInput>,
    ) -> Self {
        let split = |scheme| statistics.fit(scheme).split;
        Self {
            index,
            card: FilterCard::new(weights, tiles, split(Scheme::Sign), split(Scheme::Dab)),
            response: input.map(|input| FilterResponse::new(input, weights, statistics)),
        }
    }
}

/// A filter with a great error.
#[derive(Debug)]
pub(super) struct MisfitFilter {
    /// Index of its output channel.
    pub(super) index: usize,
    pub(super) statistics: FilterStatistics,
    pub(super) histogram: Histogram,
}

impl MisfitFilter {
    fn new(index: usize, weights: &[f32], statistics: &FilterStatistics) -> Self {
        let split = |scheme| &statistics.fit(scheme).split;
        let histogram = Histogram::new(weights, split(Scheme::Sign), split(Scheme::Dab));
        Self { index, statistics: statistics.clone(), histogram }
    }

    /// Relative error of the best two values.
    pub(super) fn error(&self) -> f64 {
        self.statistics.fit(Scheme::Dab).relative_error
    }
}

/// Reads the weights of a tensor, filter by filter.
fn read(reader: &mut WeightReader<'_>, tensor: &Tensor) -> Result<Vec<f32>, WeightsError> {
    let mut weights = Vec::with_capacity(tensor.len());
    for filters in tensor.parts() {
        weights.extend(reader.filters(tensor, filters)?);
    }
    Ok(weights)
}

fn statistics(tensor: &Tensor, filters: &[&[f32]]) -> Result<Vec<FilterStatistics>, WeightsError> {
    let all: Vec<Result<FilterStatistics, SplitError>> =
        filters.par_iter().map(|weights| FilterStatistics::of(weights)).collect();
    let n = tensor.filter_len();
    let told = |(filter, result): (usize, Result<FilterStatistics, SplitError>)| {
        result.map_err(|source| tensor.split_error(filter * n, source))
    };
    all.into_iter().enumerate().map(told).collect()
}

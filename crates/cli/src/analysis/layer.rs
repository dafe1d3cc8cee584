use dabnet_binarize::{FilterStatistics, Scheme, SplitError};
use dabnet_weights::{LayerRole, Tensor, WeightReader, WeightsError};
use rayon::prelude::*;

use super::{
    detail::{Detail, sorted},
    kinds::Kinds,
    outlier::Outlier,
    quartiles::Quartiles,
    stage::Stage,
    total::Total,
};
use crate::page::number::mean;

/// What is known of one layer once its weights are forgotten.
#[derive(Debug)]
pub(super) struct Layer {
    pub name: String,
    pub shape: Vec<usize>,
    /// Weights in a filter.
    pub n: usize,
    /// Which end of the network it is, if one: such a layer is left alone by default.
    pub end: Option<&'static str>,
    pub total: Total,
    /// `K / n` of its filters, in the order of [`Scheme::ALL`].
    pub shares: [Quartiles; Scheme::ALL.len()],
    pub kinds: Kinds,
    /// The filters that two values miss most of.
    pub outliers: Vec<Outlier>,
    pub detail: Option<Detail>,
}

/// Filters of a layer that may be among the worst shown.
const OUTLIERS: usize = 2;

impl Layer {
    /// Reads a tensor's weights and keeps what is to be shown of them.
    pub(super) fn read(
        reader: &mut WeightReader<'_>,
        tensor: &Tensor,
        stage: &Stage,
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
        let outlier = |&index: &usize| Outlier::new(index, filters[index], &statistics[index]);
        Ok(Self {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            n,
            end: match tensor.role {
                LayerRole::First => Some("first layer"),
                LayerRole::Last => Some("last layer"),
                LayerRole::Inner | LayerRole::Other(_) => None,
            },
            total: Total::of(filters.iter().copied().zip(&statistics)),
            shares: Scheme::ALL.map(share),
            kinds: Kinds::of(&statistics),
            outliers: by_error.iter().rev().take(OUTLIERS).map(outlier).collect(),
            detail: detailed
                .then(|| Detail::new(tensor, &filters, &statistics, &by_error, values, stage.scene(tensor))),
        })
    }
}

/// The weights of a tensor, one filter after the other.
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

use dabnet_binarize::{FilterStatistics, Scheme};
use dabnet_weights::{FilterAxis, Tensor};
use rayon::prelude::*;

use super::{
    example::Example,
    response::{Response, Responses},
    stage::Scene,
};
use crate::page::{
    histogram::{Histogram, limit},
    number::evenly,
    tiles::Tiles,
};

/// What is shown of a layer that is shown in detail.
#[derive(Debug)]
pub(super) struct Detail {
    /// All its weights.
    pub histogram: Histogram,
    /// The largest magnitude among them.
    pub limit: f32,
    /// Errors of filters in the order of [`Scheme::ALL`], sorted by the first: all, or some of many.
    pub errors: Vec<[f64; Scheme::ALL.len()]>,
    /// The filters for which free values matter least, middlingly and most.
    pub examples: Vec<Example>,
    /// What its filters see of the sketch.
    pub scene: Option<Scene>,
    /// What all of them answer, where the network is known.
    pub responses: Option<Responses>,
}

/// Filters drawn as points at most.
const POINTS: usize = 160;

/// Parts of the histogram.
const BINS: usize = 61;

/// Filters shown.
const EXAMPLES: usize = 3;

impl Detail {
    /// `by_error` has the filters, the one with the least error of `dab` first; `values` are means
    /// over filters of `α`, `β` and `mean|W|`.
    pub(super) fn new(
        tensor: &Tensor,
        filters: &[&[f32]],
        statistics: &[FilterStatistics],
        by_error: &[usize],
        values: [f32; 3],
        scene: Option<Scene>,
    ) -> Self {
        let limit = filters.iter().map(|weights| limit(weights)).fold(0.0, f32::max);
        let errors = |place: usize| Scheme::ALL.map(|s| statistics[by_error[place]].fit(s).relative_error);
        let by_gap = sorted(statistics, |s| s.gap(Scheme::Sign));
        let tiles = tiles(tensor);
        let example = |place: usize| {
            let index = by_gap[place];
            Example::new(index, filters[index], tiles, &statistics[index], scene.as_ref())
        };
        Self {
            histogram: Histogram::with(BINS, filters.iter().copied(), limit, values),
            limit,
            errors: evenly(by_error.len(), POINTS).into_iter().map(errors).collect(),
            examples: evenly(by_gap.len(), EXAMPLES).into_iter().map(example).collect(),
            responses: scene.as_ref().filter(|scene| !scene.same).map(|scene| {
                let of = |(weights, statistics): (&&[f32], _)| Response::new(scene, weights, statistics);
                Responses::of(filters.par_iter().zip(statistics).map(of).collect::<Vec<_>>())
            }),
            scene,
        }
    }
}

/// How the weights of a filter lie.
fn tiles(tensor: &Tensor) -> Tiles {
    match tensor.filters {
        FilterAxis::First => Tiles::new(&tensor.shape[1..]),
        FilterAxis::Last => Tiles::new(&tensor.shape[..tensor.shape.len() - 1]),
    }
}

/// Indices of filters, the one with the least `key` first.
pub(super) fn sorted(statistics: &[FilterStatistics], key: impl Fn(&FilterStatistics) -> f64) -> Vec<usize> {
    let keys: Vec<f64> = statistics.iter().map(key).collect();
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
    order
}

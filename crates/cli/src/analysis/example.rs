use dabnet_binarize::{FilterStatistics, Scheme};

use super::{response::Response, stage::Scene};
use crate::page::{card::Card, tiles::Tiles};

/// A filter shown in detail.
#[derive(Debug)]
pub(super) struct Example {
    /// Number of its output channel, from 0.
    pub index: usize,
    pub card: Card,
    pub response: Option<Response>,
}

impl Example {
    pub(super) fn new(
        index: usize,
        weights: &[f32],
        tiles: Tiles,
        statistics: &FilterStatistics,
        scene: Option<&Scene>,
    ) -> Self {
        let split = |scheme| statistics.fit(scheme).split;
        Self {
            index,
            card: Card::new(weights, tiles, split(Scheme::Sign), split(Scheme::Dab)),
            response: scene.map(|scene| Response::new(scene, weights, statistics)),
        }
    }
}

//! Analysis of a network's weights: their distribution, and how well two values per filter fit them.

mod convolution;
mod layer;
mod page;
mod probe;
mod response;
mod statistics;
mod summary;

use dabnet_engine::EngineError;
use dabnet_train::{TrainError, WeightHistory};
use thiserror::Error;

pub use self::{
    layer::LayerAnalysis,
    probe::ProbeSketch,
    statistics::Quartiles,
    summary::{FitError, TensorSummary, WeightSummary},
};
use self::{
    layer::MisfitFilter,
    statistics::{FitSum, ShapeFits},
};

/// An analysis of a network's weights.
#[derive(Debug)]
pub struct WeightAnalysis {
    /// Name of the network, as its user writes it.
    pub name: String,
    /// Layers in the order of the file.
    pub layers: Vec<LayerAnalysis>,
    /// Snapshots of the latent weights during training, of a run that has them.
    pub history: Option<WeightHistory>,
    /// The sketch that filters are applied to.
    pub probe: ProbeSketch,
}

/// Error of running a sketch through a network.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The model is not valid.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The model cannot be run layer by layer.
    #[error(transparent)]
    Train(#[from] TrainError),
}

impl WeightAnalysis {
    /// The analysis as an HTML page that needs nothing but a browser.
    pub fn to_html(&self) -> String {
        page::page(self)
    }

    /// The numbers of the analysis, as `dabnet analyze --json` prints them.
    pub fn summary(&self) -> WeightSummary<'_> {
        WeightSummary::new(self)
    }

    /// Layers meant to be binarized: all but the first and the last, unless there are no others.
    fn inner_layers(&self) -> Vec<&LayerAnalysis> {
        let inner: Vec<&LayerAnalysis> = self.layers.iter().filter(|layer| layer.end.is_none()).collect();
        if inner.is_empty() { self.layers.iter().collect() } else { inner }
    }

    /// True if the first and the last layer are set apart.
    fn has_ends(&self) -> bool {
        self.inner_layers().len() < self.layers.len()
    }

    /// Errors of the inner layers taken together.
    fn total(&self) -> FitSum {
        let mut total = FitSum::default();
        self.inner_layers().iter().for_each(|layer| total.add(&layer.total));
        total
    }

    /// Errors of the inner layers' filters by the shape of their distribution.
    fn shape_fits(&self) -> ShapeFits {
        let mut fits = ShapeFits::default();
        self.inner_layers().iter().for_each(|layer| fits.add(&layer.shape_fits));
        fits
    }

    /// The `count` filters of the inner layers with the greatest error of `dab`, the worst first.
    fn misfits(&self, count: usize) -> Vec<(&LayerAnalysis, &MisfitFilter)> {
        let inner = self.inner_layers();
        let mut misfits: Vec<(&LayerAnalysis, &MisfitFilter)> =
            inner.iter().flat_map(|&layer| layer.misfits.iter().map(move |filter| (layer, filter))).collect();
        misfits.sort_by(|(_, a), (_, b)| b.error().total_cmp(&a.error()));
        misfits.truncate(count);
        misfits
    }
}

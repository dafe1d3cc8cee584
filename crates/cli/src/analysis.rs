//! What two values carry of a network's weights, on a page.

mod convolution;
mod detail;
mod example;
mod kinds;
mod layer;
mod outlier;
mod quartiles;
mod report;
mod response;
mod stage;
mod subject;
mod summary;
mod total;

use std::path::PathBuf;

use dabnet_container::replace_file;
use dabnet_train::WeightHistory;
use dabnet_weights::{Tensor, TensorSelection};

use self::{kinds::Kinds, layer::Layer, outlier::Outlier, stage::Stage, subject::Subject, total::Total};
use crate::{error::CliError, json, page::number::evenly, progress::ByteProgress, terminal};

/// Layers shown in detail at most.
const DETAILED: usize = 40;

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Settings {
    pub input: PathBuf,
    pub out: PathBuf,
    pub sketch: Option<PathBuf>,
    pub selection: TensorSelection,
    pub json: bool,
}

/// Everything found out about a network.
#[derive(Debug)]
struct Analysis {
    /// What was analysed.
    name: String,
    /// In the order of the file.
    layers: Vec<Layer>,
    /// What the weights went through.
    history: Option<WeightHistory>,
    stage: Stage,
}

/// Reads the network a layer at a time, writes the page and prints what was found.
pub(crate) fn run(settings: &Settings) -> Result<(), CliError> {
    let subject = Subject::open(&settings.input)?;
    subject.check_out(&settings.out, settings.sketch.as_deref())?;
    let tensors = settings.selection.layers(&subject.source)?;
    let stage = Stage::new(settings.sketch.as_deref(), subject.model.as_ref())?;
    let analysis = Analysis {
        layers: layers(&subject, &tensors, &stage)?,
        name: subject.name,
        history: subject.history,
        stage,
    };
    let page = report::page(&analysis);
    replace_file(&settings.out, page.as_bytes()).map_err(|error| CliError::write(&settings.out, &error))?;
    if settings.json {
        json::print_line(&summary::Summary::new(&analysis))?;
    } else {
        summary::print(&analysis)?;
    }
    terminal::say(format_args!("Open {} in a browser.", settings.out.display()));
    Ok(())
}

fn layers(subject: &Subject, tensors: &[&Tensor], stage: &Stage) -> Result<Vec<Layer>, CliError> {
    let mut reader = subject.source.reader()?;
    let progress = ByteProgress::new("analyzing", tensors.iter().map(|tensor| tensor.byte_len()).sum());
    let detailed = evenly(tensors.len(), DETAILED);
    let (mut layers, mut done) = (Vec::with_capacity(tensors.len()), 0);
    for (index, tensor) in tensors.iter().enumerate() {
        layers.push(Layer::read(&mut reader, tensor, stage, detailed.contains(&index))?);
        done += tensor.byte_len();
        progress.at(done);
    }
    progress.finish();
    Ok(layers)
}

impl Analysis {
    /// The layers that two values are meant for: without the first and the last, unless there are no
    /// others.
    fn inner(&self) -> Vec<&Layer> {
        let inner: Vec<&Layer> = self.layers.iter().filter(|layer| layer.end.is_none()).collect();
        if inner.is_empty() { self.layers.iter().collect() } else { inner }
    }

    /// Whether the first and the last layer are set apart.
    fn has_ends(&self) -> bool {
        self.inner().len() < self.layers.len()
    }

    /// The inner layers taken together.
    fn total(&self) -> Total {
        let mut total = Total::default();
        self.inner().iter().for_each(|layer| total.add(&layer.total));
        total
    }

    /// The kinds of filters of the inner layers.
    fn kinds(&self) -> Kinds {
        let mut kinds = Kinds::default();
        self.inner().iter().for_each(|layer| kinds.add(&layer.kinds));
        kinds
    }

    /// The filters of the inner layers that two values miss most of, the worst first.
    fn outliers(&self, count: usize) -> Vec<(&Layer, &Outlier)> {
        let inner = self.inner();
        let mut outliers: Vec<(&Layer, &Outlier)> = inner
            .iter()
            .flat_map(|&layer| layer.outliers.iter().map(move |filter| (layer, filter)))
            .collect();
        outliers.sort_by(|(_, a), (_, b)| b.error().total_cmp(&a.error()));
        outliers.truncate(count);
        outliers
    }
}

//! The main job in one go: bundled sketches in; packed models, a table and a report out.

mod files;
mod network;
mod print;

use std::{path::PathBuf, time::Instant};

use dabnet_data::{Dataset, Examples, LabeledSketch, Part, SketchExamples};
use dabnet_engine::PackedModel;
use dabnet_graph::{Canvas, Preprocessing};
use dabnet_report::{NetworkReport, QuickstartReport, TestSketch, format::duration};
use dabnet_sketch::{Augmentation, Preprocess, TrainingPipeline};
use dabnet_train::TrainedNetwork;

use self::network::QuickstartNetwork;
use crate::{error::CliError, output, progress::TrainingProgress, terminal};

/// Architecture of all networks.
const ARCHITECTURE: &str = "sketch-a-net-64";

/// Preprocessing of all of them.
const PREPROCESSING: Preprocessing =
    Preprocessing::lines(Canvas { side: 64, line_width: 0.04, margin: 0.03, mean: 0.0, std: 1.0 });

const EPOCHS: usize = 13;
const FAST_EPOCHS: usize = 5;
/// Every how many-th training sketch `--fast` takes.
const FAST_SHARE: usize = 3;

/// Options of a quickstart.
#[derive(Clone, Debug)]
pub(crate) struct QuickstartOptions {
    pub out: PathBuf,
    pub seed: u64,
    pub epochs: Option<usize>,
    pub fast: bool,
    pub threads: usize,
    pub json: bool,
    /// True if a finished quickstart with other settings is replaced.
    pub force: bool,
}

impl QuickstartOptions {
    fn epochs(&self) -> usize {
        self.epochs.unwrap_or(if self.fast { FAST_EPOCHS } else { EPOCHS })
    }
}

/// One network, trained, packed and evaluated.
#[derive(Debug)]
pub(crate) struct QuickstartResult {
    pub trained: TrainedNetwork,
    pub packed: PackedModel,
    pub report: NetworkReport,
}

/// Runs the whole quickstart.
pub(crate) fn run(settings: &QuickstartOptions) -> Result<(), CliError> {
    let start = Instant::now();
    let data = Dataset::bundled()?;
    let (labels, test) = (data.labels().to_vec(), data.labeled_sketches(Part::Test)?);
    let pipeline = TrainingPipeline { preprocessing: PREPROCESSING, augmentation: Augmentation::light() };
    let examples = SketchExamples::new(&data, Part::Train, pipeline)?;
    let examples = if settings.fast { examples.thinned(FAST_SHARE) } else { examples };
    files::check_replaced(settings, examples.len())?;
    files::prepare(&settings.out)?;
    terminal::say(format_args!(
        "{} words of Quick, Draw!: {} sketches to train on, {} to test on, drawn at {side}×{side}",
        labels.len(),
        examples.len(),
        test.len(),
        side = PREPROCESSING.canvas.side,
    ));
    let canvas = |example: &LabeledSketch| (PREPROCESSING.apply(&example.sketch.drawing), example.label);
    let canvases: Vec<(Vec<f32>, usize)> = test.iter().map(canvas).collect();
    let mut outcomes: Vec<QuickstartResult> = Vec::with_capacity(QuickstartNetwork::ALL.len());
    for network in &QuickstartNetwork::ALL {
        let full = outcomes.first().map(|outcome| &outcome.trained);
        let progress =
            TrainingProgress::of_several(network.name, QuickstartNetwork::ALL.len() - outcomes.len() - 1);
        outcomes.push(network.run(settings, &labels, &examples, &canvases, full, &progress)?);
    }
    let recognitions = network::recognize_three(&outcomes, &labels, &canvases)?;
    let test = test.into_iter();
    let report = QuickstartReport {
        seed: settings.seed,
        epochs: settings.epochs(),
        labels,
        train_count: examples.len(),
        test: test
            .map(|example| TestSketch { drawing: example.sketch.drawing, label: example.label })
            .collect(),
        preprocessing: PREPROCESSING,
        networks: outcomes.iter().map(|outcome| outcome.report.clone()).collect(),
        recognitions,
        elapsed: start.elapsed(),
    };
    files::write(&settings.out, &outcomes, &report)?;
    if settings.json {
        output::print_json(&report.summary())?;
    } else {
        print::print(&report)?;
    }
    terminal::say(format_args!(
        "Took {}. Open {} in a browser; packed models are beside it.",
        duration(report.elapsed),
        settings.out.join(files::REPORT).display()
    ));
    Ok(())
}

//! The main job in one go: bundled sketches in; packed models, a table and a report out.

mod contender;
mod files;
mod outcome;
mod recognition;
mod report;
mod table;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use dabnet_data::{Dataset, Examples, LabeledSketch, Part, SketchExamples};
use dabnet_graph::{Canvas, Preprocessing};
use dabnet_sketch::{Augmentation, TrainingPipeline};

pub(crate) use self::outcome::{CurvePoint, Outcome};
use self::{contender::Contender, recognition::Recognition};
use crate::{
    error::CliError,
    evaluation::Drawn,
    json,
    progress::{TrainingProgress, duration},
    terminal,
};

/// The network that all contenders share.
const ARCHITECTURE: &str = "sketch-a-net-64";

/// Preprocessing of all of them.
const PREPROCESSING: Preprocessing =
    Preprocessing::lines(Canvas { side: 64, line_width: 0.04, margin: 0.03, mean: 0.0, std: 1.0 });

const EPOCHS: usize = 13;
const FAST_EPOCHS: usize = 5;
/// Of how many training sketches `--fast` takes one.
const FAST_SHARE: usize = 3;

/// What the user asked for.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub out: PathBuf,
    pub seed: u64,
    pub epochs: Option<usize>,
    pub fast: bool,
    pub threads: usize,
    pub json: bool,
    /// Whether a finished quickstart with other settings is replaced.
    pub force: bool,
}

impl Settings {
    fn epochs(&self) -> usize {
        self.epochs.unwrap_or(if self.fast { FAST_EPOCHS } else { EPOCHS })
    }
}

/// Everything a quickstart found out.
#[derive(Debug)]
pub(crate) struct Results {
    pub seed: u64,
    pub epochs: usize,
    pub labels: Vec<String>,
    pub train_count: usize,
    pub test: Vec<LabeledSketch>,
    /// In the order in which they were trained: full precision first.
    pub outcomes: Vec<Outcome>,
    pub recognitions: Vec<Recognition>,
    pub elapsed: Duration,
}

/// Runs the whole quickstart.
pub(crate) fn run(settings: &Settings) -> Result<(), CliError> {
    let start = Instant::now();
    let data = Dataset::bundled()?;
    let (labels, test) = (data.labels().to_vec(), data.labeled_sketches(Part::Test)?);
    let view = TrainingPipeline { preprocessing: PREPROCESSING, augmentation: Augmentation::light() };
    let examples = SketchExamples::new(&data, Part::Train, view)?;
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
    let drawn = Drawn::new(&test, &PREPROCESSING);
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(Contender::ALL.len());
    for contender in &Contender::ALL {
        let full = outcomes.first().map(|outcome| &outcome.trained);
        let progress =
            TrainingProgress::of_several(contender.name, Contender::ALL.len() - outcomes.len() - 1);
        outcomes.push(contender.run(settings, &labels, &examples, &drawn, full, &progress)?);
    }
    let recognitions = recognition::three(&outcomes, &labels, &test, &drawn)?;
    let results = Results {
        seed: settings.seed,
        epochs: settings.epochs(),
        labels,
        train_count: examples.len(),
        test,
        outcomes,
        recognitions,
        elapsed: start.elapsed(),
    };
    files::write(&settings.out, &results)?;
    if settings.json {
        json::print_line(&files::summary(&results))?;
    } else {
        table::print(&results)?;
        recognition::print(&results)?;
    }
    terminal::say(format_args!(
        "Took {}. Open {} in a browser; packed models are beside it.",
        duration(results.elapsed),
        settings.out.join(files::REPORT).display()
    ));
    Ok(())
}

//! The main job in one go: bundled sketches in; packed models, a table and a report out.

mod files;
mod network;
mod print;

use std::{path::PathBuf, time::Instant};

use dabnet_data::Part;
use dabnet_report::{QuickstartReport, TestSketch, format::duration};
use dabnet_sketch::Preprocess;

use self::network::QuickstartNetwork;
use crate::{
    data::{BUNDLED, LoadedData},
    error::{CliError, ExitCode},
    output, terminal,
    training::InterruptFlag,
};

const EPOCHS: usize = 13;
const FAST_EPOCHS: usize = 5;
/// Every how many-th training sketch `--fast` takes.
const FAST_SUBSAMPLE: usize = 3;

/// Options of a quickstart.
#[derive(Clone, Debug)]
pub(crate) struct QuickstartOptions {
    pub out: PathBuf,
    pub seed: u64,
    pub epochs: Option<usize>,
    pub fast: bool,
    pub threads: usize,
    pub json: bool,
    /// True if what another quickstart has left begins anew.
    pub force: bool,
}

impl QuickstartOptions {
    fn epochs(&self) -> usize {
        self.epochs.unwrap_or(if self.fast { FAST_EPOCHS } else { EPOCHS })
    }

    fn subsample(&self) -> usize {
        if self.fast { FAST_SUBSAMPLE } else { 1 }
    }
}

/// Runs the whole quickstart: a training job for each network, and a report of them.
pub(crate) fn run(options: &QuickstartOptions) -> Result<ExitCode, CliError> {
    let start = Instant::now();
    let data = LoadedData::open(BUNDLED.as_ref())?;
    files::prepare(options)?;
    let interrupt = InterruptFlag::listen()?;
    let mut runs = Vec::with_capacity(QuickstartNetwork::ALL.len());
    for (index, network) in QuickstartNetwork::ALL.iter().enumerate() {
        let job = network.job(options, QuickstartNetwork::ALL.len() - index - 1)?;
        match job.run(&data, &interrupt)? {
            Some(results) => runs.push((network, results)),
            None => return Ok(ExitCode::from(InterruptFlag::EXIT_CODE)),
        }
    }
    let test = data.set.labeled_sketches(Part::Test)?;
    let preprocessing = runs[0].0.settings(options)?.preprocessing();
    let canvases = test.iter().map(|sketch| (preprocessing.apply(&sketch.sketch.drawing), sketch.label));
    let canvases: Vec<(Vec<f32>, usize)> = canvases.collect();
    let networks = runs.iter().map(|(network, results)| network.report(options, results, &canvases));
    let networks = networks.collect::<Result<Vec<_>, _>>()?;
    let report = QuickstartReport {
        seed: options.seed,
        epochs: options.epochs(),
        labels: data.set.labels().to_vec(),
        train_count: runs[0].1.train,
        recognitions: runs[runs.len() - 1].0.recognize_three(&options.out, &canvases)?,
        test: test
            .into_iter()
            .map(|sketch| TestSketch { drawing: sketch.sketch.drawing, label: sketch.label })
            .collect(),
        preprocessing,
        networks,
        elapsed: start.elapsed(),
    };
    files::write(&options.out, &report)?;
    if options.json {
        output::print_json(&report.summary())?;
    } else {
        print::print(&report)?;
    }
    terminal::say(format_args!(
        "Took {}. Open {} in a browser; packed models are beside it.",
        duration(report.elapsed),
        options.out.join(files::REPORT).display()
    ));
    Ok(ExitCode::SUCCESS)
}

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use dabnet_engine::{Model, replace_file};
use dabnet_sketch::{DataExamples, Drawing, Part};
use dabnet_train::{Device, Outcome, Run, Saved, Saving, Trained, Trainer};

use crate::{
    data::Data,
    error::CliError,
    json,
    progress::duration,
    scoring::{Counts, known, tested},
    terminal,
    training::{
        LATENT, MODEL, Results, Settings, Tested, TrainingOptions, Watch, latent, packed, write_results,
    },
};

/// Train a network on a data set, in a folder that a run is kept in.
///
/// A run can be stopped or killed at any moment: the same command goes on where it was, to end with the same
/// weights. Settings that are not given are those that the run was begun with. At the end the folder has the
/// packed model, and what it makes of the sketches held out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet train --data quickdraw --out runs/dab
  dabnet train --out runs/dab                          go on with it
  dabnet train --data tu-berlin --arch sketch-a-net --side 128 --policy full --epochs 40 --out runs/full
  dabnet train --data tu-berlin --preset paper --scheme sign --out runs/xnor
  dabnet train --data quickdraw --teacher runs/full --config run.toml --out runs/taught")]
pub(crate) struct Train {
    /// Folder of the run
    #[arg(short, long, value_name = "RUN")]
    out: PathBuf,

    /// File of settings, such as another run's config.toml; what is given here stands over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    options: TrainingOptions,

    /// What runs the network: cpu, libtorch, cuda, cuda:N or wgpu
    #[arg(long, default_value = "cpu", value_name = "DEVICE")]
    device: Device,

    /// Threads; 0 for one a core
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=512))]
    threads: u16,

    /// Minutes from one checkpoint to the next; there is one after every epoch as well
    #[arg(long, default_value_t = 5, value_name = "MINUTES")]
    save_every: u64,

    /// Print what the run came to as one JSON object
    #[arg(long)]
    json: bool,
}

impl Train {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let mut settings = Settings::resolve(&self.out, self.config.as_deref(), self.options.table())?;
        settings.train.device = self.device;
        settings.train.threads = self.threads.into();
        self.device.check()?;
        let data = Data::open(&settings.data)?;
        let labels = data.set.labels().to_vec();
        let graph = settings.graph(labels.len())?;
        let view = settings.view()?;
        let examples = DataExamples::new(&data.set, Part::Train, view)?;
        let validation = match validated(&data) {
            Some(part) => Some(DataExamples::new(&data.set, part, view)?.still()),
            None => None,
        };
        let [start, teacher] = [&settings.start_from, &settings.teacher].map(trained);
        let (start, teacher) = (start?, teacher?);

        let mut trainer = Trainer::new(&graph, settings.train.clone(), &examples)?.labels(labels.clone())?;
        if let Some(validation) = &validation {
            trainer = trainer.validate(validation)?;
        }
        if let Some(start) = &start {
            trainer = trainer.starting_from(start);
        }
        if let Some(teacher) = &teacher {
            trainer = trainer.teacher(teacher)?;
        }
        let run = Run::create(&self.out)?;
        let step = if run.is_begun() {
            run.checkpoint(Saved::Latest).map_or(0, |checkpoint| checkpoint.step())
        } else {
            settings.save(&self.out)?;
            0
        };
        tell(&settings, &graph, &data, step);
        let saving = Saving { every: Duration::from_secs(60 * self.save_every), ..Saving::default() };
        let trained = match run.train(trainer, saving, &mut Watch::new(&self.out, step)?)? {
            Outcome::Finished(trained) => trained,
            Outcome::Stopped(_) => return Ok(ExitCode::from(130)),
        };
        settings.save(&self.out)?;
        self.finish(&settings, &run, &data, &trained, labels)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Packs the network, tests what was packed, and says what the run came to.
    fn finish(
        &self,
        settings: &Settings,
        run: &Run,
        data: &Data,
        trained: &Trained,
        labels: Vec<String>,
    ) -> Result<(), CliError> {
        let path = self.out.join(MODEL);
        let model = Model::new(packed(settings, trained, labels.clone(), None)?)?;
        let test = test(settings, &model, data)?;
        packed(settings, trained, labels, test.map(|test| serde_json::json!(test)))?.save(&path)?;
        let latents = self.out.join(LATENT);
        replace_file(&latents, &latent(trained)?).map_err(|error| CliError::write(&latents, &error))?;
        let file_bytes = path.metadata().map_err(|error| CliError::write(&path, &error))?.len();
        let checkpoint = run.checkpoint(Saved::Latest)?;
        let results = Results {
            data: settings.data.display().to_string(),
            fingerprint: data.set.manifest().fingerprint,
            arch: &settings.arch,
            policy: settings.policy.to_string(),
            scheme: settings.train.scheme.name(),
            side: settings.side,
            epochs: settings.train.epochs,
            seed: settings.train.seed,
            train: data.set.indices(Part::Train)?.len(),
            seconds: checkpoint.seconds(),
            file_bytes,
            test,
        };
        write_results(&self.out, &results)?;
        if self.json {
            json::print_line(&results)?;
        } else {
            print(&results, &path);
        }
        Ok(())
    }
}

/// The part that is labelled after every epoch, if there is one.
fn validated(data: &Data) -> Option<Part> {
    let filled = |part: &Part| data.set.indices(*part).is_ok_and(|indices| !indices.is_empty());
    [Part::Validation, Part::Test].into_iter().find(filled)
}

fn trained(path: &Option<PathBuf>) -> Result<Option<Trained>, CliError> {
    let Some(path) = path else { return Ok(None) };
    Ok(Some(Run::open(path)?.trained(Saved::Latest)?))
}

/// How well the packed model labels what is held out, looked at as in training.
fn test(settings: &Settings, model: &Model, data: &Data) -> Result<Option<Tested>, CliError> {
    let Some(part) = tested(&data.set) else { return Ok(None) };
    let view = settings.view()?;
    let (known, _) = known(&data.set, model, Some(part))?;
    let threads = settings.train.threads;
    let counts =
        Counts::of(model, &data.set, &known, threads, |drawing: &Drawing| vec![view.still(drawing)])?;
    Ok(Some(Tested { part, count: known.len(), top1: counts.top1(), top5: counts.top5() }))
}

fn tell(settings: &Settings, graph: &dabnet_graph::Graph, data: &Data, step: usize) {
    let count = |part| data.set.indices(part).map_or(0, |indices| indices.len());
    terminal::say(format_args!(
        "{} {} {}: {} labels, {} sketches to train on, {} to validate, {} to test, at {side}×{side}",
        graph.architecture(),
        settings.policy,
        settings.train.scheme,
        graph.outputs(),
        count(Part::Train),
        count(Part::Validation),
        count(Part::Test),
        side = settings.side,
    ));
    if step > 0 {
        terminal::say(format_args!("going on after step {step}"));
    }
}

fn print(results: &Results<'_>, path: &Path) {
    if let Some(test) = &results.test {
        println!(
            "top-1 {:.1} %, top-5 {:.1} % of {} sketches (part {})",
            100.0 * test.top1,
            100.0 * test.top5,
            test.count,
            test.part
        );
    }
    let time = duration(Duration::from_secs_f64(results.seconds));
    terminal::say(format_args!("trained {time}; {} is {} bytes", path.display(), results.file_bytes));
}

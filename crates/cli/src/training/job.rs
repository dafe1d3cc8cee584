use std::path::{Path, PathBuf};

use dabnet_engine::{Evaluation, Model, replace_file};
use dabnet_graph::{Graph, Policy, Preprocessing};
use dabnet_sketch::{DataExamples, Drawing, Examples, MixedExamples, Part, Preprocess, View};
use dabnet_train::{Outcome, Run, Saved, Saving, Schedule, Start, Teacher, TrainConfig, Trained, Trainer};
use serde_json::json;

use super::{
    Auto, CONFIG, Interrupt, LATENT, MODEL, Paths, RunResults, Settings, Source, TestResult, Watch, latent,
    packed,
};
use crate::{
    data::Data,
    error::CliError,
    evaluation::{evaluate, known_sketches, test_part},
    hybrid, terminal,
};

/// Folder, in that of a run, of the network that its layers are chosen with.
const FIRST_STAGE: &str = "first-stage";

/// The most sketches that a packed model is tried on after it has learned from them.
const MOST_LEARNED: usize = 2000;
/// How much less than training showed is worth a word.
const NOTABLE: f64 = 0.1;

/// A run to train: what it becomes, where it is kept and how often it is written down.
#[derive(Debug)]
pub(crate) struct Job {
    folder: PathBuf,
    settings: Settings,
    saving: Saving,
    /// Where this is the first stage of another run, the folder of that and its settings.
    whole: Option<(PathBuf, Settings)>,
}

impl Job {
    pub(crate) fn new(folder: PathBuf, settings: Settings, saving: Saving) -> Self {
        Self { folder, settings, saving, whole: None }
    }

    /// Trains from where the run stands to its end, packs the network and tests what was packed; nothing if
    /// it was interrupted.
    pub(crate) fn run(mut self, data: &Data, interrupt: &Interrupt) -> Result<Option<RunResults>, CliError> {
        if self.settings.is_automatic() && !self.choose_layers(data, interrupt)? {
            return Ok(None);
        }
        // Held until what it came to is written.
        let (run, outcome, accuracy) = self.train(data, interrupt)?;
        match outcome {
            Outcome::Finished(trained) => self.finish(&run, data, &trained, accuracy).map(Some),
            Outcome::Stopped(_) => Ok(None),
        }
    }

    /// Decides which layers keep real inputs, if that has not been decided before; false if it was interrupted.
    fn choose_layers(&mut self, data: &Data, interrupt: &Interrupt) -> Result<bool, CliError> {
        let auto = self.settings.auto.unwrap_or_default();
        if let Some(begun) = Settings::begun(&self.folder)? {
            self.settings = self.settings.clone().chosen_as(&begun);
            if !self.settings.is_automatic() {
                return Ok(true);
            }
            if is_begun(&self.folder) {
                let (folder, policy) = (self.folder.display(), begun.policy);
                let reason = format!(
                    "{folder} was begun with policy {policy}, which was not chosen in this way: take another --out"
                );
                return Err(CliError::Input(reason));
            }
        }
        let trained = match self.start()? {
            Some((start, _)) => start.trained().clone(),
            None => match self.first_stage(auto).train(data, interrupt)? {
                (_, Outcome::Finished(trained), _) => trained,
                (_, Outcome::Stopped(_), _) => return Ok(false),
            },
        };
        let layers = hybrid::measured(&self.settings, data, &trained, auto.keep_real)?;
        hybrid::table(&layers).lines().for_each(terminal::say);
        self.settings.policy = hybrid::policy(&layers);
        Ok(true)
    }

    /// The network in full precision, for a few epochs.
    fn first_stage(&self, auto: Auto) -> Self {
        let train = TrainConfig {
            epochs: auto.epochs,
            schedule: Schedule::OneCycle,
            accumulate: Vec::new(),
            real_weight_epochs: 0,
            distillation: None,
            ..self.settings.train.clone()
        };
        let settings = Settings {
            policy: Policy::Full,
            auto: None,
            teacher: Paths::default(),
            unlabeled: Paths::default(),
            train,
            ..self.settings.clone()
        };
        let whole = Some((self.folder.clone(), self.settings.clone()));
        Self { folder: self.folder.join(FIRST_STAGE), settings, saving: self.saving, whole }
    }

    /// Trains from where the run stands. The run that it gives is held; with it comes the share of the training
    /// sketches that was last labelled right, where a step was taken.
    fn train(&self, data: &Data, interrupt: &Interrupt) -> Result<(Run, Outcome, Option<f32>), CliError> {
        let settings = &self.settings;
        let labels = data.set.labels().to_vec();
        let graph = settings.graph(labels.len())?;
        let view = settings.view()?;
        let (teachers, viewers) = self.teachers(&labels)?;
        let unlabelled = settings.unlabeled.0.iter().map(|path| Data::open(path));
        let unlabelled = unlabelled.collect::<Result<Vec<_>, _>>()?;
        let examples = examples(data, &unlabelled, view, &viewers)?;
        let validation = match validated(data) {
            Some(part) => Some(DataExamples::new(&data.set, part, view)?.still()),
            None => None,
        };
        // What it once started from is nothing to a run that goes on.
        let start = if is_begun(&self.folder) { None } else { self.start()? };
        if let Some(start) = &start {
            self.check_start(start, &graph, &labels)?;
        }

        let trainer = Trainer::new(&graph, settings.train.clone(), &examples)?;
        let checksums = unlabelled.iter().map(|data| data.set.checksum()).collect();
        let mut trainer = trainer.labels(labels)?.data(data.set.checksum()).unlabelled_data(checksums);
        if let Some(validation) = &validation {
            trainer = trainer.validate(validation)?;
        }
        if let Some((start, _)) = &start {
            trainer = trainer.starting_from(start);
        }
        if !teachers.is_empty() {
            trainer = trainer.teachers(&teachers)?;
        }
        let run = Run::create(&self.folder)?.hold()?;
        if run.is_begun() {
            self.check_goes_on()?;
        }
        let mut files = vec![settings.file(&self.folder)?];
        if let Some((folder, settings)) = &self.whole {
            files.push(settings.file(folder)?);
        }
        let begins = self.description(&graph, data, examples.len() - examples.labelled());
        let mut watch = Watch::new(&self.folder, begins, files, interrupt.clone());
        let outcome = run.train(trainer, self.saving, &mut watch)?;
        Ok((run, outcome, watch.accuracy()))
    }

    /// What it starts from, if it starts from something, and how that sees sketches, where it is known.
    fn start(&self) -> Result<Option<(Start, Option<Preprocessing>)>, CliError> {
        let Some(path) = &self.settings.start_from else { return Ok(None) };
        let source = Source::open(path)?;
        let preprocessing = source.preprocessing().copied();
        Ok(Some((source.into_start()?, preprocessing)))
    }

    /// That something is started from; says so if that sees sketches otherwise, or the last layer is not taken.
    fn check_start(
        &self,
        (start, theirs): &(Start, Option<Preprocessing>),
        graph: &Graph,
        labels: &[String],
    ) -> Result<(), CliError> {
        let path = self.settings.start_from.as_deref().unwrap_or(Path::new("")).display();
        if start.layers_of(graph) == 0 {
            let (theirs, ours) = (start.trained().graph().architecture(), graph.architecture());
            return Err(CliError::Input(format!(
                "{path} is {theirs} and has no layer of the same name and shape as {ours}: give its --arch, or leave \
                 --start-from out"
            )));
        }
        let ours = self.settings.preprocessing();
        if let Some(theirs) = theirs.filter(|theirs| *theirs != ours) {
            terminal::say(format_args!(
                "dabnet: {path} learned from sketches seen otherwise: {theirs}; here {ours}"
            ));
        }
        if !start.has_head_of(graph, labels) {
            terminal::say(format_args!("dabnet: {path} has other labels: the last layer begins anew"));
        }
        Ok(())
    }

    /// The teachers of the data's labels, and how those of them see sketches that do not as the network does.
    fn teachers(&self, labels: &[String]) -> Result<(Vec<Teacher>, Vec<Preprocessing>), CliError> {
        let (ours, mut viewers) = (self.settings.preprocessing(), Vec::new());
        let mut teachers = Vec::new();
        for path in &self.settings.teacher.0 {
            let teacher = Source::open(path)?.into_teacher(path, labels)?;
            let theirs = *teacher.preprocessing();
            if theirs == ours {
                teachers.push(teacher);
                continue;
            }
            let viewer = viewers.iter().position(|viewer| *viewer == theirs).unwrap_or(viewers.len());
            if viewer == viewers.len() {
                viewers.push(theirs);
            }
            teachers.push(teacher.seeing(viewer));
        }
        Ok((teachers, viewers))
    }

    /// That the run goes on as what it was begun as.
    fn check_goes_on(&self) -> Result<(), CliError> {
        match Settings::begun(&self.folder)? {
            Some(begun) => begun.check_goes_on(&self.settings, &self.folder),
            None => Err(CliError::Input(format!(
                "{} has a checkpoint and no {CONFIG} that says what it is of: put that back, or take another --out",
                self.folder.display()
            ))),
        }
    }

    /// Packs the network, tests what was packed, and writes down what the run came to.
    fn finish(
        &self,
        run: &Run,
        data: &Data,
        trained: &Trained,
        accuracy: Option<f32>,
    ) -> Result<RunResults, CliError> {
        let settings = &self.settings;
        let labels = || data.set.labels().to_vec();
        let path = self.folder.join(MODEL);
        let model = Model::new(packed(settings, trained, labels(), None)?)?;
        let test = self.test(&model, data)?;
        if let Some(shown) = accuracy {
            self.compare_with_training(&model, data, shown.into())?;
        }
        packed(settings, trained, labels(), test.map(|test| json!(test)))?.save(&path)?;
        let latents = self.folder.join(LATENT);
        replace_file(&latents, &latent(trained)?).map_err(|error| CliError::write(&latents, &error))?;
        let file_bytes = path.metadata().map_err(|error| CliError::write(&path, &error))?.len();
        let results = RunResults {
            data: settings.data.display().to_string(),
            fingerprint: data.set.manifest().fingerprint,
            arch: settings.arch.clone(),
            policy: settings.policy.to_string(),
            scheme: settings.train.scheme.name().to_owned(),
            side: settings.side,
            epochs: settings.train.epochs,
            seed: settings.train.seed,
            train: data.set.indices(Part::Train)?.len(),
            validation: data.set.indices(Part::Validation)?.len(),
            seconds: run.checkpoint(Saved::Latest)?.seconds(),
            file_bytes,
            test,
        };
        results.write(&self.folder)?;
        Ok(results)
    }

    /// How well the packed model labels what is held out, looked at as in training.
    fn test(&self, model: &Model, data: &Data) -> Result<Option<TestResult>, CliError> {
        let Some(part) = test_part(&data.set) else { return Ok(None) };
        let (known, _) = known_sketches(&data.set, model, Some(part))?;
        let evaluation = self.evaluate(model, data, &known)?;
        Ok(Some(TestResult { part, count: known.len(), top1: evaluation.top1(), top5: evaluation.top5() }))
    }

    /// Says what the packed model makes of sketches that it has learned from, where that is much less than training showed.
    fn compare_with_training(&self, model: &Model, data: &Data, shown: f64) -> Result<(), CliError> {
        let (mut learned, _) = known_sketches(&data.set, model, Some(Part::Train))?;
        learned.truncate(MOST_LEARNED);
        let found = self.evaluate(model, data, &learned)?.top1();
        if found < shown - NOTABLE {
            terminal::say(format_args!(
                "dabnet: the packed model labels {:.1} % of what it has learned from right, where training showed {:.1} %: \
                 it has not settled; more --epochs or a smaller --batch help",
                100.0 * found,
                100.0 * shown
            ));
        }
        Ok(())
    }

    /// Evaluates a model on sketches preprocessed as in training.
    fn evaluate(
        &self,
        model: &Model,
        data: &Data,
        sketches: &[(usize, usize)],
    ) -> Result<Evaluation, CliError> {
        let preprocessing = self.settings.preprocessing();
        evaluate(model, &data.set, sketches, self.settings.train.threads, |drawing: &Drawing| {
            Ok(vec![preprocessing.apply(drawing)])
        })
    }

    /// What is trained.
    fn description(&self, graph: &Graph, data: &Data, unlabelled: usize) -> String {
        let settings = &self.settings;
        let count = |part| data.set.indices(part).map_or(0, |indices| indices.len());
        format!(
            "{} {} {}: {} labels, {} sketches to train on{}, {} to validate, {} to test, at {side}×{side}",
            graph.architecture(),
            settings.policy,
            settings.train.scheme,
            graph.outputs(),
            count(Part::Train),
            if unlabelled > 0 { format!(" and {unlabelled} without labels") } else { String::new() },
            count(Part::Validation),
            count(Part::Test),
            side = settings.side,
        )
    }
}

/// The part that is labelled after every epoch, if there is one.
fn validated(data: &Data) -> Option<Part> {
    let filled = |part: &Part| data.set.indices(*part).is_ok_and(|indices| !indices.is_empty());
    [Part::Validation, Part::Test].into_iter().find(filled)
}

/// Whether there is something to go on from.
fn is_begun(folder: &Path) -> bool {
    Run::open(folder).is_ok()
}

/// What is learned from: sketches with labels, and then those of which only teachers say something.
fn examples<'d>(
    data: &'d Data,
    unlabelled: &'d [Data],
    view: View,
    viewers: &[Preprocessing],
) -> Result<MixedExamples<'d>, CliError> {
    let labelled = DataExamples::new(&data.set, Part::Train, view)?.seen_by(viewers.to_vec());
    let others = unlabelled
        .iter()
        .map(|data| Ok(DataExamples::unlabelled(&data.set, Part::Train, view)?.seen_by(viewers.to_vec())));
    Ok(MixedExamples::new(labelled, others.collect::<Result<_, CliError>>()?))
}

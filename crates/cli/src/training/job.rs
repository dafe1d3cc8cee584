use std::path::{Path, PathBuf};

use dabnet_container::replace_file;
use dabnet_data::{Examples, Part, SketchExamples};
use dabnet_engine::{Evaluation, Model};
use dabnet_graph::{Graph, Policy, Preprocessing};
use dabnet_sketch::{Drawing, Preprocess, TrainingPipeline};
use dabnet_train::{
    CheckpointKind, PretrainedWeights, RunFolder, SaveSchedule, Schedule, Teacher, TrainedNetwork, Trainer,
    TrainingOutcome,
};
use serde_json::json;

use super::{
    AutoPolicy, CONFIG, InterruptFlag, LATENT, MODEL, NetworkSource, PathList, RunObserver, RunResults,
    RunSettings, TestResult, latent_weights, pack_run,
};
use crate::{
    data::LoadedData,
    error::CliError,
    evaluation::{evaluate, known_sketches, test_part},
    hybrid, terminal,
};

/// Name of the folder, in that of a run, of the network that its layers are chosen with.
const FIRST_STAGE: &str = "first-stage";

/// Upper bound of training sketches that a packed model is tested on.
const MOST_LEARNED: usize = 2000;
/// Least loss of accuracy, from training to the packed model, that is reported.
const NOTABLE: f64 = 0.1;

/// A run to train, in a folder.
#[derive(Debug)]
pub(crate) struct TrainingJob {
    folder: PathBuf,
    settings: RunSettings,
    saving: SaveSchedule,
    /// Folder and settings of the whole run, if this is its first stage.
    whole: Option<(PathBuf, RunSettings)>,
    /// Name that its progress is shown by, and number of jobs of the same length that follow.
    title: (&'static str, usize),
    /// True if it is evaluated after every epoch.
    validates: bool,
}

impl TrainingJob {
    pub(crate) fn new(folder: PathBuf, settings: RunSettings, saving: SaveSchedule) -> Self {
        Self { folder, settings, saving, whole: None, title: ("train", 0), validates: true }
    }

    /// Names the job, one of several: so many of the same length follow.
    pub(crate) fn titled(self, name: &'static str, more: usize) -> Self {
        Self { title: (name, more), ..self }
    }

    /// Leaves out the evaluation after every epoch, where there is nothing to choose by it.
    pub(crate) fn without_validation(self) -> Self {
        Self { validates: false, ..self }
    }

    /// Trains from where the run stands to its end, packs the network and tests it; none if it was
    /// interrupted.
    pub(crate) fn run(
        mut self,
        data: &LoadedData,
        interrupt: &InterruptFlag,
    ) -> Result<Option<RunResults>, CliError> {
        if self.settings.is_automatic() && !self.choose_layers(data, interrupt)? {
            return Ok(None);
        }
        // Held until what it came to is written.
        let (run, outcome, accuracy) = self.train(data, interrupt)?;
        match outcome {
            TrainingOutcome::Finished(trained) => self.finish(&run, data, &trained, accuracy).map(Some),
            TrainingOutcome::Stopped(_) => Ok(None),
        }
    }

    /// Chooses the layers that keep real inputs, unless they were chosen before; false if it was interrupted.
    fn choose_layers(&mut self, data: &LoadedData, interrupt: &InterruptFlag) -> Result<bool, CliError> {
        let auto = self.settings.auto.unwrap_or_default();
        if let Some(begun) = RunSettings::begun(&self.folder)? {
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
                (_, TrainingOutcome::Finished(trained), _) => trained,
                (_, TrainingOutcome::Stopped(_), _) => return Ok(false),
            },
        };
        let layers = hybrid::measure_layers(&self.settings, data, &trained, auto.keep_real)?;
        hybrid::table(&layers).lines().for_each(terminal::say);
        self.settings.policy = hybrid::policy(&layers);
        Ok(true)
    }

    /// Job that trains the network in full precision for a few epochs.
    fn first_stage(&self, auto: AutoPolicy) -> Self {
        let train = self
            .settings
            .train
            .clone()
            .with_epochs(auto.epochs)
            .with_schedule(Schedule::OneCycle)
            .with_accumulate(Vec::new())
            .with_real_weight_epochs(0)
            .with_distillation(None);
        let settings = RunSettings {
            policy: Policy::Full,
            auto: None,
            teacher: PathList::default(),
            unlabeled: PathList::default(),
            train,
            ..self.settings.clone()
        };
        let whole = Some((self.folder.clone(), self.settings.clone()));
        Self { whole, ..Self::new(self.folder.join(FIRST_STAGE), settings, self.saving) }
    }

    /// Trains from where the run stands. Returns the locked run, and the last training accuracy if a step was
    /// taken.
    fn train(
        &self,
        data: &LoadedData,
        interrupt: &InterruptFlag,
    ) -> Result<(RunFolder, TrainingOutcome, Option<f32>), CliError> {
        let settings = &self.settings;
        let labels = data.set.labels().to_vec();
        let graph = settings.graph(labels.len())?;
        let view = settings.view()?;
        let (teachers, viewers) = self.teachers(&labels)?;
        let unlabeled = settings.unlabeled.0.iter().map(|path| LoadedData::open(path));
        let unlabeled = unlabeled.collect::<Result<Vec<_>, _>>()?;
        let examples = examples(data, &unlabeled, view, &viewers, settings.subsample)?;
        let validation = match validated(data).filter(|_| self.validates) {
            Some(part) => Some(SketchExamples::new(&data.set, part, view)?.still()),
            None => None,
        };
        // What it once started from is nothing to a run that goes on.
        let start = if is_begun(&self.folder) { None } else { self.start()? };
        if let Some(start) = &start {
            self.check_start(start, &graph, &labels)?;
        }

        let trainer = Trainer::new(&graph, settings.train.clone(), &examples)?;
        let checksums = unlabeled.iter().map(|data| data.set.checksum()).collect();
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
        let run = RunFolder::create(&self.folder)?.lock_exclusively()?;
        if run.has_checkpoint() {
            self.check_goes_on()?;
        }
        let mut files = vec![settings.file(&self.folder)?];
        if let Some((folder, settings)) = &self.whole {
            files.push(settings.file(folder)?);
        }
        let begins = self.description(&graph, data, examples.len() - examples.labeled_len());
        let mut watch = RunObserver::new(self.title, &self.folder, begins, files, interrupt.clone());
        let outcome = run.train(trainer, self.saving, &mut watch)?;
        Ok((run, outcome, watch.accuracy()))
    }

    /// The network to start from, if there is one, with its preprocessing where that is known.
    fn start(&self) -> Result<Option<(PretrainedWeights, Option<Preprocessing>)>, CliError> {
        let Some(path) = &self.settings.start_from else { return Ok(None) };
        let source = NetworkSource::open(path)?;
        let preprocessing = source.preprocessing().copied();
        Ok(Some((source.into_start()?, preprocessing)))
    }

    /// Checks that a start has layers in common; warns if its preprocessing or its labels differ.
    fn check_start(
        &self,
        (start, theirs): &(PretrainedWeights, Option<Preprocessing>),
        graph: &Graph,
        labels: &[String],
    ) -> Result<(), CliError> {
        let path = self.settings.start_from.as_deref().unwrap_or(Path::new("")).display();
        if start.matching_layers(graph) == 0 {
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
        if !start.matches_head(graph, labels) {
            terminal::say(format_args!("dabnet: {path} has other labels: the last layer begins anew"));
        }
        Ok(())
    }

    /// The teachers of the data's labels, and the preprocessings of those that differ from the network's.
    fn teachers(&self, labels: &[String]) -> Result<(Vec<Teacher>, Vec<Preprocessing>), CliError> {
        let (ours, mut viewers) = (self.settings.preprocessing(), Vec::new());
        let mut teachers = Vec::new();
        for path in &self.settings.teacher.0 {
            let teacher = NetworkSource::open(path)?.into_teacher(path, labels)?;
            let theirs = *teacher.preprocessing();
            if theirs == ours {
                teachers.push(teacher);
                continue;
            }
            let viewer = viewers.iter().position(|viewer| *viewer == theirs).unwrap_or(viewers.len());
            if viewer == viewers.len() {
                viewers.push(theirs);
            }
            teachers.push(teacher.with_viewer(viewer));
        }
        Ok((teachers, viewers))
    }

    /// Checks that the run goes on with the settings it was begun with.
    fn check_goes_on(&self) -> Result<(), CliError> {
        match RunSettings::begun(&self.folder)? {
            Some(begun) => begun.check_goes_on(&self.settings, &self.folder),
            None => Err(CliError::Input(format!(
                "{} has a checkpoint and no {CONFIG} that says what it is of: put that back, or take another --out",
                self.folder.display()
            ))),
        }
    }

    /// Packs the network, tests the packed model, and writes the results.
    fn finish(
        &self,
        run: &RunFolder,
        data: &LoadedData,
        trained: &TrainedNetwork,
        accuracy: Option<f32>,
    ) -> Result<RunResults, CliError> {
        let settings = &self.settings;
        let labels = || data.set.labels().to_vec();
        let path = self.folder.join(MODEL);
        let model = Model::new(pack_run(settings, trained, labels(), None)?)?;
        let test = self.test(&model, data)?;
        if let Some(shown) = accuracy {
            self.compare_with_training(&model, data, shown.into())?;
        }
        pack_run(settings, trained, labels(), test.map(|test| json!(test)))?.save(&path)?;
        let latents = self.folder.join(LATENT);
        replace_file(&latents, &latent_weights(trained)?)
            .map_err(|error| CliError::write(&latents, &error))?;
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
            train: settings.train_count(&data.set)?,
            validation: data.set.indices(Part::Validation)?.len(),
            seconds: run.checkpoint(CheckpointKind::Latest)?.seconds(),
            file_bytes,
            test,
        };
        results.write(&self.folder)?;
        Ok(results)
    }

    /// Accuracy of the packed model on the test part, preprocessed as in training.
    fn test(&self, model: &Model, data: &LoadedData) -> Result<Option<TestResult>, CliError> {
        let Some(part) = test_part(&data.set) else { return Ok(None) };
        let (known, _) = known_sketches(&data.set, model, Some(part))?;
        let evaluation = self.evaluate(model, data, &known)?;
        Ok(Some(TestResult { part, count: known.len(), top1: evaluation.top1(), top5: evaluation.top5() }))
    }

    /// Warns if the accuracy of the packed model on training sketches is much less than training showed.
    fn compare_with_training(&self, model: &Model, data: &LoadedData, shown: f64) -> Result<(), CliError> {
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
        data: &LoadedData,
        sketches: &[(usize, usize)],
    ) -> Result<Evaluation, CliError> {
        let preprocessing = self.settings.preprocessing();
        evaluate(model, &data.set, sketches, self.settings.train.threads, |drawing: &Drawing| {
            Ok(vec![preprocessing.apply(drawing)])
        })
    }

    /// Description of the run for people.
    fn description(&self, graph: &Graph, data: &LoadedData, unlabeled: usize) -> String {
        let settings = &self.settings;
        let count = |part| data.set.indices(part).map_or(0, |indices| indices.len());
        format!(
            "{} {} {}: {} labels, {} sketches to train on{}, {} to validate, {} to test, at {side}×{side}",
            graph.architecture(),
            settings.policy,
            settings.train.scheme,
            graph.outputs(),
            settings.train_count(&data.set).unwrap_or_default(),
            if unlabeled > 0 { format!(" and {unlabeled} without labels") } else { String::new() },
            count(Part::Validation),
            count(Part::Test),
            side = settings.side,
        )
    }
}

/// The part that is evaluated after every epoch, if there is one.
fn validated(data: &LoadedData) -> Option<Part> {
    let filled = |part: &Part| data.set.indices(*part).is_ok_and(|indices| !indices.is_empty());
    [Part::Validation, Part::Test].into_iter().find(filled)
}

/// True if there is a checkpoint to go on from.
fn is_begun(folder: &Path) -> bool {
    RunFolder::open(folder).is_ok()
}

/// Training examples: labeled sketches, and after them those that only teachers label.
fn examples<'d>(
    data: &'d LoadedData,
    unlabeled: &'d [LoadedData],
    view: TrainingPipeline,
    viewers: &[Preprocessing],
    subsample: usize,
) -> Result<SketchExamples<'d>, CliError> {
    let labeled =
        SketchExamples::new(&data.set, Part::Train, view)?.thinned(subsample).seen_by(viewers.to_vec());
    Ok(unlabeled.iter().try_fold(labeled, |all, data| all.with_unlabeled(&data.set, Part::Train))?)
}

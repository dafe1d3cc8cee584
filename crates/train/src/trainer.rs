use dabnet_data::{Batch, BatchOrder, Examples, load_batches, random_stream};
use dabnet_graph::{Graph, Node};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    Checkpoint, EffectiveWeights, Parameters, PretrainedWeights, Progress, Teacher, TrainConfig, TrainError,
    TrainedNetwork, TrainingObserver, TrainingOutcome, WeightHistory, backend,
    calibration::{self, NormCalibration},
    checkpoint::{DataFingerprint, TrainingCounters},
    effective::{constrain, effective_weights},
    network::{BatchGradients, NetworkRef},
    observer::StepCallback,
    optimizer::OptimizerState,
    plan::TrainingPlan,
    pretrained::FoldedNorm,
    targets::{BatchTargets, TeacherTargets},
    teacher,
    training_loop::TrainingLoop,
};

/// Smallest batch: one example has no variance to normalize by.
const MIN_BATCH: usize = 2;

/// Number of batches drawn ahead.
const AHEAD: usize = 2;

/// Random stream of dropout.
const DROPOUT: u8 = 2;

/// Trains one network.
///
/// ```
/// use dabnet_graph::Graph;
/// use dabnet_train::{Examples, TrainConfig, TrainError, TrainedNetwork, Trainer};
///
/// fn train(graph: &Graph, examples: &impl Examples) -> Result<TrainedNetwork, TrainError> {
///     let mut config = TrainConfig::default();
///     config.epochs = 3;
///     Trainer::new(graph, config, examples)?.train(|progress| {
///         println!("step {} of {}: loss {}", progress.step, progress.steps, progress.loss);
///     })
/// }
/// ```
pub struct Trainer<'a, E> {
    pub(crate) graph: &'a Graph,
    pub(crate) config: TrainConfig,
    examples: &'a E,
    pub(crate) threads: ThreadPool,
    start: Parameters,
    /// Pretrained weights that replace initial ones where they fit.
    from: Option<&'a PretrainedWeights>,
    teachers: &'a [Teacher],
    pub(crate) validation: Option<&'a dyn Examples>,
    labels: Vec<String>,
    /// Checksum of the data set.
    data: Option<u32>,
    /// Checksums of the data sets without labels.
    unlabelled: Vec<u32>,
    /// State to resume from.
    resumed: Option<(Checkpoint, WeightHistory)>,
}

impl<'a, E: Examples> Trainer<'a, E> {
    /// A trainer of `graph` on `examples`.
    ///
    /// # Errors
    /// [`TrainError::Setting`] or [`TrainError::Device`] for an invalid configuration,
    /// [`TrainError::TooFewExamples`], [`TrainError::LabelOutOfRange`], and [`TrainError::Threads`].
    pub fn new(graph: &'a Graph, mut config: TrainConfig, examples: &'a E) -> Result<Self, TrainError> {
        config.validate()?;
        config.device.check()?;
        if examples.len() < MIN_BATCH {
            return Err(TrainError::TooFewExamples { count: examples.len(), needed: MIN_BATCH });
        }
        check_labels("example", examples, graph)?;
        if config.threads == 0 {
            config.threads = std::thread::available_parallelism().map_or(1, usize::from);
        }
        let threads = ThreadPoolBuilder::new().num_threads(config.threads).build();
        let threads = threads.map_err(|error| TrainError::Threads(error.to_string()))?;
        let start = Parameters::new(graph, config.seed);
        Ok(Self {
            graph,
            config,
            examples,
            threads,
            start,
            from: None,
            teachers: &[],
            validation: None,
            labels: Vec::new(),
            data: None,
            unlabelled: Vec::new(),
            resumed: None,
        })
    }

    /// Initializes layers from pretrained weights of the same name and shape, such as those of the same
    /// architecture in full precision. The last layer is included only if both networks have the same
    /// [labels](Self::labels).
    #[must_use]
    pub fn starting_from(self, start: &'a PretrainedWeights) -> Self {
        Self { from: Some(start), ..self }
    }

    /// Adds teachers, as [`TrainConfig::distillation`] configures. The target is the mean of their
    /// probabilities.
    ///
    /// # Errors
    /// [`TrainError::NoDistillation`] if the configuration has none, and [`TrainError::TeacherMismatch`].
    pub fn teachers(self, teachers: &'a [Teacher]) -> Result<Self, TrainError> {
        if self.config.distillation.is_none() {
            return Err(TrainError::NoDistillation);
        }
        let (inputs, outputs) = (self.graph.input_shape().elements(), self.graph.outputs());
        let viewers = self.examples.viewers();
        teachers.iter().try_for_each(|teacher| teacher.check(inputs, outputs, viewers))?;
        Ok(Self { teachers, ..self })
    }

    /// Validates on `examples` after every epoch. They should be drawn the same each time.
    ///
    /// # Errors
    /// [`TrainError::LabelOutOfRange`].
    pub fn validate(mut self, examples: &'a dyn Examples) -> Result<Self, TrainError> {
        check_labels("validation example", examples, self.graph)?;
        self.validation = Some(examples);
        Ok(self)
    }

    /// Names the outputs, for checkpoints.
    ///
    /// # Errors
    /// [`TrainError::LabelCount`] if the network has another number of outputs.
    pub fn labels(mut self, labels: Vec<String>) -> Result<Self, TrainError> {
        if labels.len() != self.graph.outputs() {
            return Err(TrainError::LabelCount { labels: labels.len(), outputs: self.graph.outputs() });
        }
        self.labels = labels;
        Ok(self)
    }

    /// Sets the checksum of the data set, for checkpoints.
    #[must_use]
    pub fn data(mut self, checksum: u32) -> Self {
        self.data = Some(checksum);
        self
    }

    /// Sets the checksums of the data sets without labels, for checkpoints.
    #[must_use]
    pub fn unlabelled_data(self, checksums: Vec<u32>) -> Self {
        Self { unlabelled: checksums, ..self }
    }

    /// Resumes from a checkpoint, to end with the same weights as if training had never stopped. `history` is
    /// the run's history so far.
    ///
    /// # Errors
    /// [`TrainError::Longer`] if it would not end where its learning rate does, [`TrainError::Mismatch`] if that is a
    /// run of another network, of other examples, or trained in
    /// another way, and this would be neither the one nor the other.
    pub fn resume(mut self, checkpoint: Checkpoint, history: WeightHistory) -> Result<Self, TrainError> {
        let mismatch = |what: &str, checkpoint: String, run: String| {
            Err(TrainError::Mismatch { what: what.to_owned(), checkpoint, run })
        };
        if !checkpoint.labels.is_empty() && !self.labels.is_empty() && checkpoint.labels != self.labels {
            let told = |labels: &[String]| shortened(&format!("{} ({})", labels.len(), labels.join(", ")));
            return mismatch("labels", told(&checkpoint.labels), told(&self.labels));
        }
        if let Some((what, theirs, ours)) = graph_difference(&checkpoint.graph, self.graph) {
            return mismatch(&what, theirs, ours);
        }
        if let Some((what, theirs, ours)) = checkpoint.config.difference(&self.config) {
            if what == "epochs" {
                let (begun, now) = (checkpoint.config.epochs, self.config.epochs);
                return Err(TrainError::Longer { begun, now });
            }
            return mismatch(&what, theirs.to_string(), ours.to_string());
        }
        let origin = self.origin();
        if checkpoint.origin.examples != origin.examples {
            let counts = [checkpoint.origin.examples, origin.examples].map(|count| count.to_string());
            let [theirs, ours] = counts;
            return mismatch("number of training examples", theirs, ours);
        }
        if checkpoint.origin.labels != origin.labels {
            let [theirs, ours] = [checkpoint.origin.labels, origin.labels].map(|sum| format!("{sum:08x}"));
            return mismatch("checksum of the labels of the training examples", theirs, ours);
        }
        // A run that was not told its data goes on with any.
        if let (Some(theirs), Some(ours)) = (checkpoint.origin.data, origin.data)
            && theirs != ours
        {
            let [theirs, ours] = [theirs, ours].map(|sum| format!("{sum:08x}"));
            return mismatch("checksum of the data", theirs, ours);
        }
        if checkpoint.origin.unlabelled != origin.unlabelled {
            let sums = |sums: &[u32]| match sums {
                [] => "none".to_owned(),
                _ => sums.iter().map(|sum| format!("{sum:08x}")).collect::<Vec<_>>().join(", "),
            };
            let [theirs, ours] = [checkpoint.origin.unlabelled, origin.unlabelled].map(|all| sums(&all));
            return mismatch("checksum of the data without labels", theirs, ours);
        }
        let per_epoch = self.plan().steps_per_epoch;
        if checkpoint.counts.steps_per_epoch != per_epoch {
            let theirs = checkpoint.counts.steps_per_epoch.to_string();
            return mismatch("number of steps an epoch", theirs, per_epoch.to_string());
        }
        if checkpoint.step() > self.plan().steps() {
            let epochs = checkpoint.epochs_done().to_string();
            return mismatch("number of epochs", epochs, self.config.epochs.to_string());
        }
        if self.labels.is_empty() {
            self.labels.clone_from(&checkpoint.labels);
        }
        self.resumed = Some((checkpoint, history));
        Ok(self)
    }

    /// Trains, calling `observe` after every step.
    ///
    /// # Errors
    /// [`TrainError`] if training diverges or the tensor library fails.
    pub fn train(self, observe: impl FnMut(&Progress)) -> Result<TrainedNetwork, TrainError> {
        Ok(self.train_with(&mut StepCallback(observe))?.into_trained())
    }

    /// Trains, with an observer who may ask for checkpoints and stop it.
    ///
    /// # Errors
    /// [`TrainError`] if training diverges, the tensor library fails or the observer does, and
    /// [`TrainError::NoTeacher`] or [`TrainError::UnlabeledExamples`] if a teacher is missing.
    pub fn train_with(mut self, observer: &mut dyn TrainingObserver) -> Result<TrainingOutcome, TrainError> {
        if self.config.distillation.is_some() && self.teachers.is_empty() {
            return Err(TrainError::NoTeacher);
        }
        if self.teachers.is_empty() && !self.is_labelled() {
            return Err(TrainError::UnlabeledExamples);
        }
        let plan = self.plan();
        let (now, history) = match self.resumed.take() {
            Some((checkpoint, history)) => (self.adopt_checkpoint(checkpoint)?, history),
            None => (self.initial_checkpoint(&plan)?, WeightHistory::default()),
        };
        let TrainConfig { seed, threads, .. } = self.config;
        let first = now.counts.step;
        let order =
            BatchOrder { batch: plan.batch, seed, first, count: plan.steps() - first, threads, ahead: AHEAD };
        let learning = TrainingLoop::new(&self, plan, now, history, observer);
        load_batches(self.examples, &order, |batches| learning.run(batches))
    }

    /// The state before the first step.
    fn initial_checkpoint(&self, plan: &TrainingPlan) -> Result<Checkpoint, TrainError> {
        let mut parameters = self.start.clone();
        let folded = self.from.and_then(|start| start.apply(self.graph, &self.labels, &mut parameters));
        constrain(self.graph, &mut parameters, self.config.center);
        if let Some(folded) = folded {
            self.calibrate(
                &mut parameters,
                &folded,
                plan,
                calibration::BATCHES,
                self.config.real_weights(1),
            )?;
        }
        let lengths: Vec<usize> = parameters.trained_mut().map(|(_, values)| values.len()).collect();
        Ok(Checkpoint {
            config: self.config.clone(),
            graph: self.graph.clone(),
            labels: self.labels.clone(),
            origin: self.origin(),
            average: self.config.ema.map(|_| parameters.clone()),
            optimizer: OptimizerState::new(self.config.optimizer, &lengths),
            parameters,
            bits: Vec::new(),
            counts: TrainingCounters { steps_per_epoch: plan.steps_per_epoch, ..TrainingCounters::default() },
        })
    }

    #[cfg(test)]
    pub(crate) fn initial_checkpoint_for_test(&self) -> Result<Checkpoint, TrainError> {
        self.initial_checkpoint(&self.plan())
    }

    /// Estimates means and variances of all batch normalizations on the first batches. Folded ones compute
    /// their stored scale and shift, all others normalize by the batch.
    pub(crate) fn calibrate(
        &self,
        parameters: &mut Parameters,
        folded: &[FoldedNorm],
        plan: &TrainingPlan,
        batches: usize,
        real_weights: bool,
    ) -> Result<(), TrainError> {
        let TrainConfig { seed, threads, scheme, .. } = self.config;
        let count = batches.min(plan.steps());
        let order = BatchOrder { batch: plan.batch, seed, first: 0, count, threads, ahead: AHEAD };
        let mut found = NormCalibration::new(self.graph, folded);
        load_batches(self.examples, &order, |batches| {
            let effective =
                self.threads.install(|| effective_weights(self.graph, parameters, scheme, real_weights))?;
            for batch in batches {
                let batch = batch?;
                self.threads.install(|| found.add_batch(parameters, &effective, &batch));
            }
            Ok::<_, TrainError>(())
        })?;
        found.apply(parameters);
        Ok(())
    }

    /// Adapts a checkpoint to this trainer's settings.
    fn adopt_checkpoint(&self, checkpoint: Checkpoint) -> Result<Checkpoint, TrainError> {
        let origin = self.origin();
        let teacher = origin.teacher;
        if checkpoint.origin.teacher != teacher {
            let name = |sum: Option<u32>| sum.map_or("none".to_owned(), |sum| format!("{sum:08x}"));
            return Err(TrainError::Mismatch {
                what: "fingerprint of the teacher".to_owned(),
                checkpoint: name(checkpoint.origin.teacher),
                run: name(teacher),
            });
        }
        let origin = DataFingerprint { data: origin.data.or(checkpoint.origin.data), ..origin };
        Ok(Checkpoint { config: self.config.clone(), labels: self.labels.clone(), origin, ..checkpoint })
    }

    fn origin(&self) -> DataFingerprint {
        let mut sum = crc32fast::Hasher::new();
        (0..self.examples.labeled_len())
            .for_each(|index| sum.update(&(self.examples.label(index) as u64).to_le_bytes()));
        DataFingerprint {
            examples: self.examples.len(),
            labels: sum.finalize(),
            data: self.data,
            unlabelled: self.unlabelled.clone(),
            teacher: teacher::fingerprint(self.teachers),
        }
    }

    /// True if all examples have labels.
    pub(crate) fn is_labelled(&self) -> bool {
        self.examples.labeled_len() == self.examples.len()
    }

    fn plan(&self) -> TrainingPlan {
        TrainingPlan::new(&self.config, self.examples.len(), MIN_BATCH)
    }

    /// The learning rate of a step, from 0.
    pub(crate) fn learning_rate(&self, plan: &TrainingPlan, step: usize) -> f32 {
        let TrainConfig { schedule, learning_rate, epochs, .. } = &self.config;
        schedule.rate(*learning_rate, step, plan.steps_per_epoch, *epochs)
    }

    /// Computes loss, gradients and statistics of a batch.
    pub(crate) fn batch_gradients(
        &self,
        parameters: &Parameters,
        effective: &[Option<EffectiveWeights>],
        batch: &Batch,
    ) -> Result<BatchGradients, TrainError> {
        let network = NetworkRef { graph: self.graph, parameters, effective };
        let mut rng = random_stream(self.config.seed, DROPOUT, batch.epoch, batch.indices[0]);
        self.threads.install(|| {
            let answers = self.teachers.iter().map(|teacher| teacher.logits(self.config.device, batch));
            let answers = answers.collect::<Result<Vec<_>, _>>()?;
            let targets = self.targets(&batch.labels, &answers);
            let TrainConfig { device, mixed_precision, .. } = self.config;
            backend::gradients(device, mixed_precision, network, &batch.values, &targets, &mut rng)
        })
    }

    fn targets<'s>(&self, labels: &'s [Option<usize>], answers: &'s [Vec<f32>]) -> BatchTargets<'s> {
        let teachers = self.config.distillation.map(|distillation| TeacherTargets {
            logits: answers,
            weight: distillation.weight,
            temperature: distillation.temperature,
            corrected: distillation.corrected,
        });
        BatchTargets { labels, label_smoothing: self.config.label_smoothing, teachers }
    }
}

fn check_labels(
    kind: &'static str,
    examples: &(impl Examples + ?Sized),
    graph: &Graph,
) -> Result<(), TrainError> {
    let outputs = graph.outputs();
    match (0..examples.labeled_len()).find(|&index| examples.label(index) >= outputs) {
        Some(index) => {
            Err(TrainError::LabelOutOfRange { kind, index, label: examples.label(index), outputs })
        }
        None => Ok(()),
    }
}

/// Shortens a text for a message.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let end = text.floor_char_boundary(MOST);
    if end == text.len() { text.to_owned() } else { format!("{}…", &text[..end]) }
}

/// The first difference between two networks, with its value in both.
fn graph_difference(theirs: &Graph, ours: &Graph) -> Option<(String, String, String)> {
    if theirs == ours {
        return None;
    }
    let different = |what: &str, theirs: String, ours: String| Some((what.to_owned(), theirs, ours));
    if theirs.architecture() != ours.architecture() {
        return different("architecture", theirs.architecture().into(), ours.architecture().into());
    }
    if theirs.policy() != ours.policy() {
        return different("policy", theirs.policy().to_string(), ours.policy().to_string());
    }
    if let Some((theirs, ours)) = theirs.nodes().iter().zip(ours.nodes()).find(|(a, b)| a != b) {
        let op = |node: &Node| format!("{} {:?}", node.name, node.op);
        return different("node of the network", op(theirs), op(ours));
    }
    let [theirs, ours] = [theirs, ours].map(|graph| graph.nodes().len().to_string());
    different("number of nodes", theirs, ours)
}

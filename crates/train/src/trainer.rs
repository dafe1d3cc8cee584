use dabnet_data::{Batch, BatchOrder, Examples, load_batches, random_stream};
use dabnet_graph::{Graph, Node};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    Checkpoint, Device, Effective, History, Observer, Outcome, Parameters, Progress, Start, Teacher,
    TrainConfig, TrainError, Trained, backend,
    calibration::{self, Calibration},
    checkpoint::{Counts, Origin},
    effective::{constrain, effective},
    learning::Learning,
    network::{Gradients, Network},
    observer::Steps,
    optimizer::OptimizerState,
    plan::Plan,
    start::Folded,
    targets::{Targets, TeacherTargets},
    teacher,
};

/// Fewer examples have no variance to normalise by.
const MIN_BATCH: usize = 2;

/// Batches drawn ahead of the one that is learned from.
const AHEAD: usize = 2;

/// What the randomness of dropout is drawn for.
const DROPOUT: u8 = 2;

/// Trains one network.
pub struct Trainer<'a, E> {
    pub(crate) graph: &'a Graph,
    pub(crate) config: TrainConfig,
    examples: &'a E,
    pub(crate) threads: ThreadPool,
    start: Parameters,
    /// Whose weights take the place of these, as far as they fit.
    from: Option<&'a Start>,
    teachers: &'a [Teacher],
    pub(crate) validation: Option<&'a dyn Examples>,
    labels: Vec<String>,
    /// What tells the data from other data.
    data: Option<u32>,
    /// The same of the data of the examples without labels.
    unlabelled: Vec<u32>,
    /// Where it goes on, instead of at the start.
    resumed: Option<(Checkpoint, History)>,
}

impl<'a, E: Examples> Trainer<'a, E> {
    /// A trainer of `graph` on `examples`.
    ///
    /// # Errors
    /// [`TrainError::Config`] for a configuration out of range, fewer than two
    /// examples, or a label the graph has no output for; [`TrainError::Device`] where that is not to be had.
    pub fn new(graph: &'a Graph, mut config: TrainConfig, examples: &'a E) -> Result<Self, TrainError> {
        config.validate()?;
        config.device.check()?;
        if config.mixed_precision && config.device == Device::Wgpu {
            return Err(TrainError::Config("wgpu does not mix precisions: take another device".to_owned()));
        }
        if examples.len() < MIN_BATCH {
            let reason =
                format!("{} training examples are too few: {} are needed", examples.len(), MIN_BATCH);
            return Err(TrainError::Config(reason));
        }
        check_labels("example", examples, graph)?;
        if config.threads == 0 {
            config.threads = std::thread::available_parallelism().map_or(1, usize::from);
        }
        let threads = ThreadPoolBuilder::new().num_threads(config.threads).build();
        let threads =
            threads.map_err(|error| TrainError::Config(format!("cannot start threads: {error}")))?;
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

    /// Starts from the weights of another network, as far as it has layers of the same names and shapes, such as
    /// that of the same architecture in full precision. The last layer does only where both have the same
    /// [labels](Self::labels).
    #[must_use]
    pub fn starting_from(self, start: &'a Start) -> Self {
        Self { from: Some(start), ..self }
    }

    /// Learns from what teachers answer as well, as [`TrainConfig::distillation`] has it. Of several it is the
    /// mean of their probabilities that is learned from.
    ///
    /// # Errors
    /// [`TrainError::Config`] if the configuration says nothing of teachers, or one of them sees or
    /// answers something else.
    pub fn teachers(self, teachers: &'a [Teacher]) -> Result<Self, TrainError> {
        if self.config.distillation.is_none() {
            let reason = "there is a teacher, but the configuration has no distillation";
            return Err(TrainError::Config(reason.to_owned()));
        }
        let (inputs, outputs) = (self.graph.input_shape().elements(), self.graph.outputs());
        let viewers = self.examples.viewers();
        teachers.iter().try_for_each(|teacher| teacher.check(inputs, outputs, viewers))?;
        Ok(Self { teachers, ..self })
    }

    /// Labels `examples` after every epoch. They should be still: drawn the same each time.
    ///
    /// # Errors
    /// [`TrainError::Config`] for a label the graph has no output for.
    pub fn validate(mut self, examples: &'a dyn Examples) -> Result<Self, TrainError> {
        check_labels("validation example", examples, self.graph)?;
        self.validation = Some(examples);
        Ok(self)
    }

    /// Names the outputs, for checkpoints.
    ///
    /// # Errors
    /// [`TrainError::Config`] if there are not as many.
    pub fn labels(mut self, labels: Vec<String>) -> Result<Self, TrainError> {
        if labels.len() != self.graph.outputs() {
            let reason = format!(
                "there are {} labels, the network has {} outputs",
                labels.len(),
                self.graph.outputs()
            );
            return Err(TrainError::Config(reason));
        }
        self.labels = labels;
        Ok(self)
    }

    /// Says what tells the data that examples are of from other data, for checkpoints.
    #[must_use]
    pub fn data(mut self, checksum: u32) -> Self {
        self.data = Some(checksum);
        self
    }

    /// Says the same of the data of examples without labels, set by set.
    #[must_use]
    pub fn unlabelled_data(self, checksums: Vec<u32>) -> Self {
        Self { unlabelled: checksums, ..self }
    }

    /// Goes on where a run stood, to end with the same weights as if it had never stopped. `history` is
    /// what it went through so far.
    ///
    /// # Errors
    /// [`TrainError::Longer`] if it would not end where its learning rate does, [`TrainError::Mismatch`] if that is a
    /// run of another network, of other examples, or trained in
    /// another way, and this would be neither the one nor the other.
    pub fn resume(mut self, checkpoint: Checkpoint, history: History) -> Result<Self, TrainError> {
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

    /// Trains, telling `observe` of every step.
    ///
    /// # Errors
    /// [`TrainError`] if training diverges or the tensor library fails.
    pub fn train(self, observe: impl FnMut(&Progress)) -> Result<Trained, TrainError> {
        Ok(self.train_with(&mut Steps(observe))?.into_trained())
    }

    /// Trains, with an observer who may ask for checkpoints and stop it.
    ///
    /// # Errors
    /// [`TrainError`] if training diverges, the tensor library fails or the observer does, and
    /// [`TrainError::Config`] if a teacher is configured and there is none.
    pub fn train_with(mut self, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        let fail = |reason: &str| Err(TrainError::Config(reason.to_owned()));
        if self.config.distillation.is_some() && self.teachers.is_empty() {
            return fail("the configuration has distillation, but there is no teacher");
        }
        if self.teachers.is_empty() && !self.is_labelled() {
            return fail("there are examples without labels, but no teacher says what to learn from them");
        }
        let plan = self.plan();
        let (now, history) = match self.resumed.take() {
            Some((checkpoint, history)) => (self.adopted(checkpoint)?, history),
            None => (self.beginning(&plan)?, History::default()),
        };
        let TrainConfig { seed, threads, .. } = self.config;
        let first = now.counts.step;
        let order =
            BatchOrder { batch: plan.batch, seed, first, count: plan.steps() - first, threads, ahead: AHEAD };
        let learning = Learning::new(&self, plan, now, history, observer);
        load_batches(self.examples, &order, |batches| learning.run(batches))
    }

    /// The state before the first step.
    fn beginning(&self, plan: &Plan) -> Result<Checkpoint, TrainError> {
        let mut parameters = self.start.clone();
        let folded = self.from.and_then(|start| start.put_into(self.graph, &self.labels, &mut parameters));
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
            counts: Counts { steps_per_epoch: plan.steps_per_epoch, ..Counts::default() },
        })
    }

    #[cfg(test)]
    pub(crate) fn begun(&self) -> Result<Checkpoint, TrainError> {
        self.beginning(&self.plan())
    }

    /// Finds means and variances of all batch normalisations on the first batches, the folded ones doing what
    /// their file says and the others normalising by the batch.
    pub(crate) fn calibrate(
        &self,
        parameters: &mut Parameters,
        folded: &[Folded],
        plan: &Plan,
        batches: usize,
        real_weights: bool,
    ) -> Result<(), TrainError> {
        let TrainConfig { seed, threads, scheme, .. } = self.config;
        let count = batches.min(plan.steps());
        let order = BatchOrder { batch: plan.batch, seed, first: 0, count, threads, ahead: AHEAD };
        let mut found = Calibration::new(self.graph, folded);
        load_batches(self.examples, &order, |batches| {
            let effective =
                self.threads.install(|| effective(self.graph, parameters, scheme, real_weights))?;
            for batch in batches {
                let batch = batch?;
                self.threads.install(|| found.see(parameters, &effective, &batch));
            }
            Ok::<_, TrainError>(())
        })?;
        found.put_into(parameters);
        Ok(())
    }

    /// A checkpoint as this trainer goes on from it: with settings that may be others.
    fn adopted(&self, checkpoint: Checkpoint) -> Result<Checkpoint, TrainError> {
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
        let origin = Origin { data: origin.data.or(checkpoint.origin.data), ..origin };
        Ok(Checkpoint { config: self.config.clone(), labels: self.labels.clone(), origin, ..checkpoint })
    }

    fn origin(&self) -> Origin {
        let mut sum = crc32fast::Hasher::new();
        (0..self.examples.labeled_len())
            .for_each(|index| sum.update(&(self.examples.label(index) as u64).to_le_bytes()));
        Origin {
            examples: self.examples.len(),
            labels: sum.finalize(),
            data: self.data,
            unlabelled: self.unlabelled.clone(),
            teacher: teacher::fingerprint(self.teachers),
        }
    }

    /// Whether all examples have labels.
    pub(crate) fn is_labelled(&self) -> bool {
        self.examples.labeled_len() == self.examples.len()
    }

    fn plan(&self) -> Plan {
        Plan::new(&self.config, self.examples.len(), MIN_BATCH)
    }

    /// The learning rate of a step, from 0.
    pub(crate) fn learning_rate(&self, plan: &Plan, step: usize) -> f32 {
        let TrainConfig { schedule, learning_rate, epochs, .. } = &self.config;
        schedule.rate(*learning_rate, step, plan.steps_per_epoch, *epochs)
    }

    /// What a batch says of the network.
    pub(crate) fn batch_gradients(
        &self,
        parameters: &Parameters,
        effective: &[Option<Effective>],
        batch: &Batch,
    ) -> Result<Gradients, TrainError> {
        let network = Network { graph: self.graph, parameters, effective };
        let mut rng = random_stream(self.config.seed, DROPOUT, batch.epoch, batch.indices[0]);
        self.threads.install(|| {
            let answers = self.teachers.iter().map(|teacher| teacher.answers(self.config.device, batch));
            let answers = answers.collect::<Result<Vec<_>, _>>()?;
            let targets = self.targets(&batch.labels, &answers);
            let TrainConfig { device, mixed_precision, .. } = self.config;
            backend::gradients(device, mixed_precision, network, &batch.values, &targets, &mut rng)
        })
    }

    fn targets<'s>(&self, labels: &'s [Option<usize>], answers: &'s [Vec<f32>]) -> Targets<'s> {
        let teachers = self.config.distillation.map(|distillation| TeacherTargets {
            logits: answers,
            weight: distillation.weight,
            temperature: distillation.temperature,
            corrected: distillation.corrected,
        });
        Targets { labels, label_smoothing: self.config.label_smoothing, teachers }
    }
}

fn check_labels(what: &str, examples: &(impl Examples + ?Sized), graph: &Graph) -> Result<(), TrainError> {
    let outputs = graph.outputs();
    match (0..examples.labeled_len()).find(|&index| examples.label(index) >= outputs) {
        Some(index) => {
            let label = examples.label(index);
            let reason = format!("{what} {index} has label {label}, the network {outputs} outputs");
            Err(TrainError::Config(reason))
        }
        None => Ok(()),
    }
}

/// The beginning of a text for a message.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let end = text.floor_char_boundary(MOST);
    if end == text.len() { text.to_owned() } else { format!("{}…", &text[..end]) }
}

/// The first thing in which two networks differ, and what it is in both.
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

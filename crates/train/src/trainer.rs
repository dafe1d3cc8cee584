use std::time::Instant;

use dabnet_graph::Graph;
use dabnet_sketch::{Batch, Batches, Examples, Order, load, stream};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    History, NodeParameters, Parameters, Progress, TrainConfig, TrainError, Trained,
    adam::Adam,
    backend,
    effective::{constrain, effective},
    network::{Gradients, Network},
    schedule::one_cycle,
};

/// Fewer examples have no variance to normalise by.
const MIN_BATCH: usize = 2;

/// Batches drawn ahead of the one that is learned from.
const AHEAD: usize = 2;

/// What the randomness of dropout is drawn for.
const DROPOUT: u8 = 2;

/// Weight of a new batch in the running statistics of batch normalisation.
const MOMENTUM: f32 = 0.1;

/// Trains one network.
pub struct Trainer<'a, E> {
    graph: &'a Graph,
    config: TrainConfig,
    examples: &'a E,
    pool: ThreadPool,
    start: Parameters,
}

impl<'a, E: Examples> Trainer<'a, E> {
    /// A trainer of `graph` on `examples`.
    ///
    /// # Errors
    /// [`TrainError::Config`] for a configuration out of range, fewer than two
    /// examples, or a label the graph has no output for; [`TrainError::Device`] where that is not to be had.
    pub fn new(graph: &'a Graph, config: TrainConfig, examples: &'a E) -> Result<Self, TrainError> {
        config.validate()?;
        config.device.check()?;
        if examples.len() < MIN_BATCH {
            let reason =
                format!("{} training examples are too few: {} are needed", examples.len(), MIN_BATCH);
            return Err(TrainError::Config(reason));
        }
        if let Some(index) = (0..examples.len()).find(|&index| examples.label(index) >= graph.outputs()) {
            let reason = format!(
                "example {index} has label {}, the network {} outputs",
                examples.label(index),
                graph.outputs()
            );
            return Err(TrainError::Config(reason));
        }
        let pool = ThreadPoolBuilder::new().num_threads(config.threads).build();
        let pool = pool.map_err(|error| TrainError::Config(format!("cannot start threads: {error}")))?;
        let start = Parameters::new(graph, config.seed);
        Ok(Self { graph, config, examples, pool, start })
    }

    /// Starts from the weights of another network's convolutions of the same name and shape,
    /// such as those of the same architecture trained in full precision.
    #[must_use]
    pub fn starting_from(mut self, other: &Trained) -> Self {
        for (id, node, _) in self.graph.convolutions() {
            let twin = other.graph().convolutions().find(|(_, twin, _)| twin.name == node.name);
            if let Some((twin, ..)) = twin
                && let NodeParameters::Conv(theirs) = &other.parameters().nodes()[twin]
                && let NodeParameters::Conv(ours) = &mut self.start.nodes_mut()[id]
                && ours.len() == theirs.len()
            {
                ours.clone_from(theirs);
            }
        }
        self
    }

    /// Trains from fresh parameters, telling `observe` of every step.
    ///
    /// # Errors
    /// [`TrainError`] if training diverges or the tensor library fails.
    pub fn train(self, observe: impl FnMut(&Progress)) -> Result<Trained, TrainError> {
        let batch = self.config.batch.clamp(MIN_BATCH, self.examples.len());
        let steps = self.config.epochs * (self.examples.len() / batch);
        let TrainConfig { seed, threads, .. } = self.config;
        let order = Order { batch, seed, first: 0, count: steps, threads, ahead: AHEAD };
        load(self.examples, &order, |batches| self.learn(batches, steps, observe))
    }

    fn learn(
        &self,
        batches: &mut Batches<'_>,
        steps: usize,
        mut observe: impl FnMut(&Progress),
    ) -> Result<Trained, TrainError> {
        let TrainConfig { epochs, scheme, .. } = self.config;
        let mut parameters = self.start.clone();
        constrain(self.graph, &mut parameters, self.config.center);
        let mut adam = Adam::new(parameters.trainable_mut().map(|buffer| buffer.len()));
        let start = Instant::now();
        let mut history = History::default();
        let mut weights = effective(self.graph, &parameters, scheme)?;
        history.record(0, self.graph, &parameters, &weights);

        let steps_per_epoch = steps / epochs.max(1);
        let (mut loss, mut correct, mut examples) = (0.0, 0, 0);
        for (index, batch) in batches.enumerate() {
            let batch = batch?;
            let (epoch, seen) = (batch.epoch, index % steps_per_epoch + 1);
            if seen == 1 {
                (loss, correct) = (0.0, 0);
            }
            let gradients = self.batch_gradients(&parameters, &batch)?;
            if !gradients.loss.is_finite() {
                return Err(TrainError::Diverged { epoch, loss: gradients.loss });
            }
            let rate = self.config.learning_rate * one_cycle(index, steps);
            adam.step(parameters.trainable_mut(), &gradients.buffers, rate);
            update_statistics(&mut parameters, &gradients);
            constrain(self.graph, &mut parameters, self.config.center);

            loss += gradients.loss;
            correct += gradients.correct;
            examples += batch.indices.len();
            observe(&Progress {
                epoch,
                epochs,
                step: index + 1,
                steps,
                loss: loss / seen as f32,
                accuracy: correct as f32 / (seen * batch.indices.len()) as f32,
                examples,
                elapsed: start.elapsed(),
            });
            if seen == steps_per_epoch {
                weights = effective(self.graph, &parameters, scheme)?;
                history.record(epoch, self.graph, &parameters, &weights);
            }
        }
        Ok(Trained::new(self.graph.clone(), self.config.clone(), parameters, weights, history))
    }

    fn batch_gradients(&self, parameters: &Parameters, batch: &Batch) -> Result<Gradients, TrainError> {
        self.pool.install(|| {
            let effective = effective(self.graph, parameters, self.config.scheme)?;
            let network = Network { graph: self.graph, parameters, effective: &effective };
            let mut rng = stream(self.config.seed, DROPOUT, batch.epoch, batch.indices[0]);
            let smoothing = self.config.label_smoothing;
            backend::gradients(self.config.device, network, &batch.values, &batch.labels, smoothing, &mut rng)
        })
    }
}

fn update_statistics(parameters: &mut Parameters, gradients: &Gradients) {
    for (id, mean, variance) in &gradients.statistics {
        if let NodeParameters::Norm(norm) = &mut parameters.nodes_mut()[*id] {
            blend(&mut norm.mean, mean);
            blend(&mut norm.variance, variance);
        }
    }
}

fn blend(running: &mut [f32], new: &[f32]) {
    running.iter_mut().zip(new).for_each(|(running, new)| *running += MOMENTUM * (new - *running));
}

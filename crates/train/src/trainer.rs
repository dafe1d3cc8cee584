use std::time::Instant;

use dabnet_graph::Graph;
use dabnet_sketch::{Batch, Batches, Examples, Order, load, stream};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    History, NodeParameters, Parameters, Progress, TrainConfig, TrainError, Trained,
    adam::Adam,
    effective::{constrain, effective},
    runner::{self, Gradients, Network},
    schedule::one_cycle,
};

/// Shards that every batch is cut into, each run on threads of its own. Fixed, so that the
/// result does not depend on the machine's threads; batch normalisation sees one shard.
const SHARDS: usize = 2;

/// Batches drawn ahead of the one that is learned from.
const AHEAD: usize = 2;

/// What the randomness of dropout is drawn for.
const DROPOUT: u8 = 2;

/// Weight of a new batch in the running statistics of batch normalisation.
const MOMENTUM: f32 = 0.1;

/// What one thread pool learns from at a time: a part of a batch.
struct Shard<'a> {
    indices: &'a [usize],
    labels: &'a [usize],
    values: &'a [f32],
}

/// Trains one network.
pub struct Trainer<'a, E> {
    graph: &'a Graph,
    config: TrainConfig,
    examples: &'a E,
    /// All threads, for what no shard has to itself.
    threads: ThreadPool,
    pools: Vec<ThreadPool>,
    start: Parameters,
}

impl<'a, E: Examples> Trainer<'a, E> {
    /// A trainer of `graph` on `examples`.
    ///
    /// # Errors
    /// [`TrainError::Config`] for a configuration out of range, fewer than two examples a
    /// shard, or a label the graph has no output for.
    pub fn new(graph: &'a Graph, config: TrainConfig, examples: &'a E) -> Result<Self, TrainError> {
        config.validate()?;
        if examples.len() < 2 * SHARDS {
            let reason =
                format!("{} training examples are too few: {} are needed", examples.len(), 2 * SHARDS);
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
        let pool = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            pool.map_err(|error| TrainError::Config(format!("cannot start threads: {error}")))
        };
        let threads = pool(config.threads)?;
        let pools =
            (0..SHARDS).map(|_| pool((config.threads / SHARDS).max(1))).collect::<Result<Vec<_>, _>>()?;
        let start = Parameters::new(graph, config.seed);
        Ok(Self { graph, config, examples, threads, pools, start })
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
        let batch = self.config.batch.clamp(2 * SHARDS, self.examples.len());
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

    /// The mean of the shards' gradients.
    fn batch_gradients(&self, parameters: &Parameters, batch: &Batch) -> Result<Gradients, TrainError> {
        let effective = self.threads.install(|| effective(self.graph, parameters, self.config.scheme))?;
        let network = Network { graph: self.graph, parameters, effective: &effective };
        let shard_len = batch.indices.len().div_ceil(SHARDS);
        let elements = self.graph.input_shape().elements();
        let values = batch.values.chunks(shard_len * elements);
        let shards = batch.indices.chunks(shard_len).zip(batch.labels.chunks(shard_len)).zip(values);
        let work = self.pools.iter().zip(shards.map(|((indices, labels), values)| Shard {
            indices,
            labels,
            values,
        }));
        let run = |(pool, shard): (&ThreadPool, Shard<'_>)| {
            let mut rng = stream(self.config.seed, DROPOUT, batch.epoch, shard.indices[0]);
            let values = shard.values.to_vec();
            pool.install(|| {
                runner::gradients(network, values, shard.labels, self.config.label_smoothing, &mut rng)
            })
        };
        if self.config.threads == 1 {
            return Ok(average(work.map(run).collect::<Result<_, _>>()?));
        }
        let shards = std::thread::scope(|scope| {
            let handles: Vec<_> = work.map(|work| scope.spawn(move || run(work))).collect();
            handles
                .into_iter()
                .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect::<Result<Vec<_>, _>>()
        })?;
        Ok(average(shards))
    }
}

fn average(shards: Vec<Gradients>) -> Gradients {
    let weight = 1.0 / shards.len() as f32;
    let mut shards = shards.into_iter();
    let mut mean = shards.next().expect("a batch has a shard");
    for shard in shards {
        mean.loss += shard.loss;
        mean.correct += shard.correct;
        mean.buffers.iter_mut().zip(&shard.buffers).for_each(|(sum, part)| add(sum, part));
        for (sum, part) in mean.statistics.iter_mut().zip(&shard.statistics) {
            add(&mut sum.1, &part.1);
            add(&mut sum.2, &part.2);
        }
    }
    let scale = |values: &mut Vec<f32>| values.iter_mut().for_each(|value| *value *= weight);
    mean.loss *= weight;
    mean.buffers.iter_mut().for_each(scale);
    mean.statistics.iter_mut().for_each(|(_, mean, variance)| {
        scale(mean);
        scale(variance);
    });
    mean
}

fn add(sum: &mut [f32], part: &[f32]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
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

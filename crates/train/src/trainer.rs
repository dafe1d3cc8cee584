use std::time::Instant;

use dabnet_graph::Graph;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    Examples, History, NodeParameters, Parameters, Progress, TrainConfig, TrainError, Trained,
    adam::Adam,
    effective::{constrain, effective},
    runner::{self, Gradients, Network},
    schedule::one_cycle,
};

/// Shards that every batch is cut into, each run on threads of its own. Fixed, so that the
/// result does not depend on the machine's threads; batch normalisation sees one shard.
const SHARDS: usize = 2;

/// Weight of a new batch in the running statistics of batch normalisation.
const MOMENTUM: f32 = 0.1;

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
    pub fn train(self, mut observe: impl FnMut(&Progress)) -> Result<Trained, TrainError> {
        let TrainConfig { epochs, seed, scheme, .. } = self.config;
        let mut parameters = self.start.clone();
        constrain(self.graph, &mut parameters, self.config.center);
        let mut adam = Adam::new(parameters.trainable_mut().map(|buffer| buffer.len()));
        let batch = self.config.batch.clamp(2 * SHARDS, self.examples.len());
        let steps_per_epoch = self.examples.len() / batch;
        let steps = epochs * steps_per_epoch;
        let start = Instant::now();
        let mut history = History::default();
        let mut weights = effective(self.graph, &parameters, scheme)?;
        history.record(0, self.graph, &parameters, &weights);

        let mut step = 0;
        for epoch in 1..=epochs {
            let order = shuffled(self.examples.len(), stream(seed, Purpose::Order, epoch));
            let (mut loss, mut correct) = (0.0, 0);
            for (index, indices) in order.chunks_exact(batch).enumerate() {
                let gradients = self.batch_gradients(&parameters, indices, epoch)?;
                if !gradients.loss.is_finite() {
                    return Err(TrainError::Diverged { epoch, loss: gradients.loss });
                }
                let rate = self.config.learning_rate * one_cycle(step, steps);
                adam.step(parameters.trainable_mut(), &gradients.buffers, rate);
                update_statistics(&mut parameters, &gradients);
                constrain(self.graph, &mut parameters, self.config.center);

                step += 1;
                loss += gradients.loss;
                correct += gradients.correct;
                let seen = index + 1;
                observe(&Progress {
                    epoch,
                    epochs,
                    step,
                    steps,
                    loss: loss / seen as f32,
                    accuracy: correct as f32 / (seen * batch) as f32,
                    examples: step * batch,
                    elapsed: start.elapsed(),
                });
            }
            weights = effective(self.graph, &parameters, scheme)?;
            history.record(epoch, self.graph, &parameters, &weights);
        }
        Ok(Trained::new(self.graph.clone(), self.config, parameters, weights, history))
    }

    /// The mean of the shards' gradients.
    fn batch_gradients(
        &self,
        parameters: &Parameters,
        indices: &[usize],
        epoch: usize,
    ) -> Result<Gradients, TrainError> {
        let effective = self.threads.install(|| effective(self.graph, parameters, self.config.scheme))?;
        let network = Network { graph: self.graph, parameters, effective: &effective };
        let shard_len = indices.len().div_ceil(SHARDS);
        let run = |(pool, shard): (&ThreadPool, &[usize])| {
            pool.install(|| self.shard_gradients(network, shard, epoch))
        };
        let work = self.pools.iter().zip(indices.chunks(shard_len));
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

    fn shard_gradients(
        &self,
        network: Network<'_>,
        indices: &[usize],
        epoch: usize,
    ) -> Result<Gradients, TrainError> {
        let elements = self.graph.input_shape().elements();
        let seed = self.config.seed;
        let mut canvases = Vec::with_capacity(indices.len() * elements);
        for &index in indices {
            let mut rng = stream(seed, Purpose::Augment { epoch }, index);
            canvases.extend(self.examples.draw(index, &mut rng));
        }
        let labels: Vec<usize> = indices.iter().map(|&index| self.examples.label(index)).collect();
        let mut rng = stream(seed, Purpose::Dropout { epoch }, indices[0]);
        runner::gradients(network, canvases, &labels, self.config.label_smoothing, &mut rng)
    }
}

/// What a random stream is for: streams of different purposes are independent.
enum Purpose {
    Order,
    Augment { epoch: usize },
    Dropout { epoch: usize },
}

fn stream(seed: u64, purpose: Purpose, index: usize) -> Pcg64 {
    let (kind, epoch) = match purpose {
        Purpose::Order => (0, 0),
        Purpose::Augment { epoch } => (1, epoch),
        Purpose::Dropout { epoch } => (2, epoch),
    };
    Pcg64::new(u128::from(seed), kind << 120 | (epoch as u128) << 60 | index as u128)
}

fn shuffled(len: usize, mut rng: Pcg64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut rng);
    order
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

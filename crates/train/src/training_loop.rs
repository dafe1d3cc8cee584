//! The training loop, from one checkpoint to the next.

use std::time::{Duration, Instant};

use dabnet_data::{Batch, BatchIter, Examples};

use crate::{
    Checkpoint, EffectiveWeights, EpochReport, LayerReport, Parameters, Progress, RunControl, TrainConfig,
    TrainError, Trainer, TrainingObserver, TrainingOutcome, Validation, WeightGradient, WeightHistory,
    calibration,
    effective::{constrain, effective_weights},
    estimator::{scale_as_published, scale_steps},
    history::{flipped_share, latent_bits},
    network::{BatchGradients, BatchStatistic, NetworkRef},
    optimizer::{UpdateSettings, update_average},
    plan::TrainingPlan,
};

/// Weight of a new batch in the running statistics of batch normalization.
const MOMENTUM: f32 = 0.1;
/// Before validation, one of this many batches of an epoch is used to recalibrate batch normalizations.
const EPOCH_SHARE: usize = 8;

/// A run that is under way.
pub(crate) struct TrainingLoop<'t, 'a, E> {
    trainer: &'t Trainer<'a, E>,
    plan: TrainingPlan,
    /// Current state; complete between updates.
    now: Checkpoint,
    history: WeightHistory,
    observer: &'t mut dyn TrainingObserver,
    /// Effective weights until the next update.
    effective: Vec<Option<EffectiveWeights>>,
    /// Gradients accumulated since the last update.
    sums: Vec<Vec<f32>>,
    summed: usize,
    requested: RunControl,
    started: Instant,
}

impl<'t, 'a, E: Examples> TrainingLoop<'t, 'a, E> {
    pub(crate) fn new(
        trainer: &'t Trainer<'a, E>,
        plan: TrainingPlan,
        now: Checkpoint,
        history: WeightHistory,
        observer: &'t mut dyn TrainingObserver,
    ) -> Self {
        Self {
            trainer,
            plan,
            now,
            history,
            observer,
            effective: Vec::new(),
            sums: Vec::new(),
            summed: 0,
            requested: RunControl::Continue,
            started: Instant::now(),
        }
    }

    /// Goes through `batches`, which begin where the run stands.
    pub(crate) fn run(mut self, batches: &mut BatchIter<'_>) -> Result<TrainingOutcome, TrainError> {
        if self.now.counts.step == 0 {
            self.record_start()?;
        }
        self.observer.begin(self.now.counts.step, &self.history)?;
        let before = Duration::try_from_secs_f64(self.now.counts.seconds).unwrap_or_default();
        for batch in batches {
            self.step(&batch?)?;
            let elapsed = before + self.started.elapsed();
            self.now.counts.seconds = elapsed.as_secs_f64();
            self.notify_step(elapsed)?;
            if self.summed > 0 {
                continue;
            }
            let ends_epoch = self.plan.ends_epoch(self.now.counts.step);
            if ends_epoch || self.requested > RunControl::Continue {
                self.check_finite()?;
            }
            if ends_epoch {
                self.end_epoch(elapsed)?;
            }
            if self.requested > RunControl::Continue {
                self.observer.checkpoint(&self.now)?;
            }
            if self.requested == RunControl::Stop {
                return Ok(TrainingOutcome::Stopped(self.now.trained(self.history)?));
            }
            self.requested = RunControl::Continue;
        }
        Ok(TrainingOutcome::Finished(self.now.trained(self.history)?))
    }

    /// Checks that all state is finite, as a checkpoint must be.
    fn check_finite(&self) -> Result<(), TrainError> {
        let epoch = self.plan.epoch_of(self.now.counts.step - 1);
        match self.now.first_non_finite() {
            Some((what, value)) => Err(TrainError::Diverged { what, value, epoch }),
            None => Ok(()),
        }
    }

    fn record_start(&mut self) -> Result<(), TrainError> {
        let effective = self.effective_weights(self.now.output_parameters(), false)?;
        self.now.bits = latent_bits(self.trainer.graph, self.now.output_parameters(), &effective);
        self.history.record(0, self.trainer.graph, self.now.output_parameters(), &effective);
        Ok(())
    }

    /// Processes one batch, and updates the parameters if accumulation is complete.
    fn step(&mut self, batch: &Batch) -> Result<(), TrainError> {
        let config = &self.trainer.config;
        let index = self.now.counts.step;
        if self.summed == 0 {
            let real_weights = config.real_weights(batch.epoch);
            self.effective = self.effective_weights(&self.now.parameters, real_weights)?;
        }
        let gradients = self.trainer.batch_gradients(&self.now.parameters, &self.effective, batch)?;
        check_loss("the loss", gradients.loss, batch.epoch)?;
        let counts = &mut self.now.counts;
        if self.plan.ends_epoch(index) {
            (counts.loss, counts.correct, counts.labelled) = (0.0, 0, 0);
        }
        counts.loss += f64::from(gradients.loss);
        counts.correct += gradients.correct;
        counts.labelled += batch.labels.iter().flatten().count();
        counts.step += 1;
        update_running_statistics(&mut self.now.parameters, &gradients);
        self.sum(gradients.buffers);
        if self.plan.updates_after(index, config) {
            self.update();
        }
        Ok(())
    }

    fn sum(&mut self, buffers: Vec<Vec<f32>>) {
        self.summed += 1;
        if self.summed == 1 {
            self.sums = buffers;
            return;
        }
        for (sum, part) in self.sums.iter_mut().flatten().zip(buffers.iter().flatten()) {
            *sum += part;
        }
    }

    /// Updates the parameters with the mean of the accumulated gradients.
    fn update(&mut self) {
        let Trainer { graph, config, threads, .. } = self.trainer;
        let mut gradients = std::mem::take(&mut self.sums);
        if self.summed > 1 {
            let share = 1.0 / self.summed as f32;
            gradients.iter_mut().flatten().for_each(|gradient| *gradient *= share);
        }
        self.summed = 0;
        let parameters = &mut self.now.parameters;
        scale_steps(graph, parameters, &mut gradients);
        if config.weight_gradient == WeightGradient::Published {
            scale_as_published(graph, parameters, &self.effective, config.scheme, &mut gradients);
        }
        let update = UpdateSettings {
            learning_rate: self.trainer.learning_rate(&self.plan, self.now.counts.step - 1),
            weight_decay: config.weight_decay,
            decay_binary_weights: config.decay_binary_weights,
        };
        let (optimizer, average) = (&mut self.now.optimizer, &mut self.now.average);
        threads.install(|| {
            optimizer.step(parameters.trained_mut(), &gradients, &update);
            constrain(graph, parameters, config.center);
            if let (Some(decay), Some(average)) = (config.ema, average) {
                update_average(average, parameters, decay, optimizer.updates());
            }
        });
    }

    fn notify_step(&mut self, elapsed: Duration) -> Result<(), TrainError> {
        let progress = self.progress(elapsed);
        self.requested = self.requested.max(self.observer.step(&progress)?);
        Ok(())
    }

    fn progress(&self, elapsed: Duration) -> Progress {
        let (counts, plan) = (&self.now.counts, &self.plan);
        let seen = (counts.step - 1) % plan.steps_per_epoch + 1;
        let labelled = if self.trainer.is_labelled() { seen * plan.batch } else { counts.labelled };
        Progress {
            epoch: plan.epoch_of(counts.step - 1),
            epochs: plan.epochs,
            step: counts.step,
            steps: plan.steps(),
            loss: (counts.loss / seen as f64) as f32,
            accuracy: counts.correct as f32 / labelled.max(1) as f32,
            learning_rate: self.trainer.learning_rate(plan, counts.step - 1),
            validation: counts.validation,
            examples: counts.step * plan.batch,
            elapsed,
        }
    }

    fn end_epoch(&mut self, elapsed: Duration) -> Result<(), TrainError> {
        let epoch = self.plan.epoch_of(self.now.counts.step - 1);
        if epoch == self.plan.epochs {
            self.recalibrate(epoch, calibration::BATCHES)?;
        } else if self.trainer.validation.is_some() {
            self.recalibrate(
                epoch,
                (self.plan.steps_per_epoch / EPOCH_SHARE).clamp(1, calibration::BATCHES),
            )?;
        }
        let effective = self.effective_weights(self.now.output_parameters(), false)?;
        self.history.record(epoch, self.trainer.graph, self.now.output_parameters(), &effective);
        let bits = latent_bits(self.trainer.graph, self.now.output_parameters(), &effective);
        let layers = self.layer_reports(&bits);
        self.now.bits = bits;
        let best = self.validate(epoch, &effective)?;
        let Some(snapshot) = self.history.snapshots.last() else { return Ok(()) };
        let validation = self.now.counts.validation;
        let report = EpochReport { progress: self.progress(elapsed), snapshot, layers, validation, best };
        self.requested = self.requested.max(self.observer.epoch(&report)?);
        Ok(())
    }

    /// Recalibrates batch normalizations for the current weights: running statistics lag behind the weights,
    /// and after few steps mostly reflect the initial ones.
    fn recalibrate(&mut self, epoch: usize, batches: usize) -> Result<(), TrainError> {
        let real_weights = self.trainer.config.real_weights(epoch);
        let Checkpoint { parameters, average, .. } = &mut self.now;
        self.trainer.calibrate(average.as_mut().unwrap_or(parameters), &[], &self.plan, batches, real_weights)
    }

    /// Validates, and returns true if this epoch is the best so far.
    fn validate(&mut self, epoch: usize, binary: &[Option<EffectiveWeights>]) -> Result<bool, TrainError> {
        let Some(examples) = self.trainer.validation else { return Ok(false) };
        let real_weights = self.trainer.config.real_weights(epoch);
        let real = if real_weights {
            Some(self.effective_weights(self.now.output_parameters(), true)?)
        } else {
            None
        };
        let network = NetworkRef {
            graph: self.trainer.graph,
            parameters: self.now.output_parameters(),
            effective: real.as_deref().unwrap_or(binary),
        };
        let TrainConfig { seed, device, .. } = self.trainer.config;
        let found = self.trainer.threads.install(|| Validation::new(network, examples, seed, device))?;
        check_loss("the validation loss", found.loss as f32, epoch)?;
        let counts = &mut self.now.counts;
        counts.validation = Some(found);
        let best = !real_weights && counts.best.is_none_or(|best| found.beats(&best));
        if best {
            counts.best = Some(found);
        }
        Ok(best)
    }

    fn layer_reports(&self, bits: &[Vec<u8>]) -> Vec<LayerReport> {
        let graph = self.trainer.graph;
        let layers = self.history.snapshots.last().map_or(&[][..], |snapshot| &snapshot.layers);
        let binary = graph.convolutions().filter(|(_, _, conv)| conv.precision.binary_weights());
        let pairs = binary.zip(self.now.bits.iter().zip(bits));
        pairs
            .filter_map(|((id, node, conv), (before, after))| {
                let snapshot = layers.iter().find(|layer| layer.layer == node.name)?;
                let count = conv.weights(graph.input_shape_of(id).channels);
                Some(LayerReport {
                    layer: node.name.clone(),
                    flipped: flipped_share(before, after, count),
                    alpha: mean(&snapshot.alpha),
                    beta: mean(&snapshot.beta),
                    upper_share: mean(&snapshot.upper_share),
                })
            })
            .collect()
    }

    fn effective_weights(
        &self,
        parameters: &Parameters,
        real_weights: bool,
    ) -> Result<Vec<Option<EffectiveWeights>>, TrainError> {
        let Trainer { graph, config, threads, .. } = self.trainer;
        threads.install(|| effective_weights(graph, parameters, config.scheme, real_weights))
    }
}

fn check_loss(what: &str, value: f32, epoch: usize) -> Result<(), TrainError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(TrainError::Diverged { what: what.to_owned(), value, epoch })
}

fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len().max(1) as f64) as f32
}

fn update_running_statistics(parameters: &mut Parameters, gradients: &BatchGradients) {
    for BatchStatistic { node, name, values } in &gradients.statistics {
        blend(parameters.get_mut(*node, name), values);
    }
}

fn blend(running: &mut [f32], new: &[f32]) {
    running.iter_mut().zip(new).for_each(|(running, new)| *running += MOMENTUM * (new - *running));
}

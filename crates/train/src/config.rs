use dabnet_binarize::Scheme;
use derive_setters::Setters;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Device, TrainError};

mod accumulation;
mod distillation;
mod optimizer;
mod schedule;
mod scheme;
mod weight_gradient;

pub use accumulation::Accumulation;
pub use distillation::Distillation;
pub use optimizer::{Moments, Momentum, Optimizer};
pub use schedule::Schedule;
pub use weight_gradient::WeightGradient;

/// The most threads that are started.
const MAX_THREADS: usize = 1024;

/// Settings of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Setters)]
#[serde(default, deny_unknown_fields)]
#[setters(prefix = "with_")]
#[non_exhaustive]
pub struct TrainConfig {
    /// Binarization scheme of binary layers.
    #[serde(with = "scheme")]
    pub scheme: Scheme,
    /// Passes over the training examples.
    pub epochs: usize,
    /// Examples a step.
    pub batch: usize,
    /// Gradient accumulation: steps per update, by first epoch; 1 before the first entry. An update never
    /// spans two epochs: the rest of an epoch makes a smaller one.
    pub accumulate: Vec<Accumulation>,
    /// Optimizer.
    pub optimizer: Optimizer,
    /// Peak learning rate.
    pub learning_rate: f32,
    /// Learning rate schedule.
    pub schedule: Schedule,
    /// Weight decay (L2 penalty per step) of convolution weights. Batch normalizations are never decayed.
    pub weight_decay: f32,
    /// Apply weight decay to latent weights of binary layers too. Only the side of the threshold and the
    /// spread of latent weights reach the network, so that decay makes bits flip more and regularizes
    /// nothing.
    pub decay_binary_weights: bool,
    /// Subtract from every latent filter its mean over input channels, at each tap, before each step (as
    /// published).
    pub center: bool,
    /// Gradient estimator of latent weights.
    pub weight_gradient: WeightGradient,
    /// Probability mass that the target gives to all labels alike.
    pub label_smoothing: f32,
    /// Decay of an exponential moving average of all parameters, which is then validated, packed and
    /// returned: latent weights are averaged first and binarized afterwards. Early on it is `(1 + n) / (10 +
    /// n)` at most after `n` updates, so that the random initialization is soon forgotten.
    pub ema: Option<f32>,
    /// Number of first epochs in which binary layers run with real weights; their inputs are binary already.
    pub real_weight_epochs: usize,
    /// Knowledge distillation; requires a teacher.
    pub distillation: Option<Distillation>,
    /// Multiply in bfloat16 in convolutions, with everything else in single precision: faster on processors
    /// with instructions for it.
    pub mixed_precision: bool,
    /// Everything random follows from this.
    pub seed: u64,
    /// Number of threads, 0 for all of the machine. The result does not depend on it, so that it is read but
    /// never written.
    #[serde(skip_serializing)]
    pub threads: usize,
    /// Device that runs the network. Results differ only by rounding, so that it is read but never written.
    #[serde(skip_serializing)]
    pub device: Device,
}

impl Default for TrainConfig {
    /// Settings that train a small DAB-Net well in minutes.
    fn default() -> Self {
        Self {
            scheme: Scheme::Dab,
            epochs: 13,
            batch: 64,
            accumulate: Vec::new(),
            optimizer: Optimizer::default(),
            learning_rate: 6e-3,
            schedule: Schedule::OneCycle,
            weight_decay: 0.0,
            decay_binary_weights: false,
            center: false,
            weight_gradient: WeightGradient::Identity,
            label_smoothing: 0.1,
            ema: None,
            real_weight_epochs: 0,
            distillation: None,
            mixed_precision: false,
            seed: 0,
            threads: 0,
            device: Device::Cpu,
        }
    }
}

impl TrainConfig {
    /// Settings published with the paper for TU-Berlin, of DAB-Nets or of the baselines they are compared
    /// with (XNOR-Net and full precision). On Sketchy there were 400 epochs.
    pub fn published(dab: bool) -> Self {
        let (scheme, learning_rate, floor) =
            if dab { (Scheme::Dab, 5e-4, 1e-5) } else { (Scheme::Sign, 2e-3, 5e-5) };
        Self {
            scheme,
            epochs: 600,
            batch: 256,
            learning_rate,
            schedule: Schedule::Halving { every_epochs: 50, floor },
            center: true,
            weight_gradient: WeightGradient::Published,
            label_smoothing: 0.0,
            ..Self::default()
        }
    }

    /// Checks that every value is in range.
    ///
    /// # Errors
    /// [`TrainError::Setting`], which names the first that is not.
    pub fn validate(&self) -> Result<(), TrainError> {
        match self.fault() {
            Some((name, reason)) => Err(TrainError::Setting { name, reason }),
            None => Ok(()),
        }
    }

    /// The first setting whose value is out of range, by its name, and its range.
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        let share = |value: f32| (0.0..1.0).contains(&value);
        let positive = |value: f32| value > 0.0 && value.is_finite();
        let distillation = self.distillation.unwrap_or_default();
        let accumulate = &self.accumulate;
        let checks = [
            (self.epochs > 0, "epochs", "must be at least 1"),
            (u32::try_from(self.epochs).is_ok(), "epochs", "must be at most 4294967295"),
            (self.threads <= MAX_THREADS, "threads", "must be at most 1024"),
            (self.batch >= 2, "batch", "must be at least 2 sketches"),
            (positive(self.learning_rate), "learning_rate", "must be positive"),
            (
                self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
                "weight_decay",
                "must not be negative",
            ),
            (share(self.label_smoothing), "label_smoothing", "must be in [0, 1)"),
            (self.ema.is_none_or(share), "ema", "must be in [0, 1)"),
            (
                self.real_weight_epochs < self.epochs,
                "real_weight_epochs",
                "must be fewer than epochs: the last must be binary",
            ),
            ((0.0..=1.0).contains(&distillation.weight), "distillation.weight", "must be in [0, 1]"),
            (positive(distillation.temperature), "distillation.temperature", "must be positive"),
            (
                accumulate.iter().all(|from| from.epoch > 0 && from.steps > 0),
                "accumulate",
                "counts epochs and steps from 1",
            ),
            (
                accumulate.is_sorted_by(|a, b| a.epoch < b.epoch),
                "accumulate",
                "must name each epoch once, in order",
            ),
        ];
        let broken = checks.iter().find(|(holds, ..)| !holds).map(|(_, name, reason)| (*name, *reason));
        broken
            .or_else(|| self.optimizer.fault())
            .or_else(|| self.schedule.fault(self.learning_rate, self.epochs))
    }

    /// Steps that make one update in `epoch`, from 1.
    pub(crate) fn steps_per_update(&self, epoch: usize) -> usize {
        self.accumulate.iter().rev().find(|from| from.epoch <= epoch).map_or(1, |from| from.steps)
    }

    /// True if binary layers run with real weights in `epoch`, from 1.
    pub(crate) fn real_weights(&self, epoch: usize) -> bool {
        epoch <= self.real_weight_epochs
    }

    /// All settings by name, with numbers as written rather than as `f64`.
    pub(crate) fn settings(&self) -> Map<String, Value> {
        let text = serde_json::to_string(self).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The first setting that distinguishes a run from one with `other` settings, and its value in both. More
    /// epochs do not, if the schedule does not depend on their number.
    pub(crate) fn difference(&self, other: &Self) -> Option<(String, Value, Value)> {
        let (ours, theirs) = (self.settings(), other.settings());
        let may_differ = |name: &str| name == "epochs" && !self.schedule.knows_its_end();
        let differing = ours.into_iter().find(|(name, value)| !may_differ(name) && theirs[name] != *value);
        differing.map(|(name, value)| {
            let their = theirs[&name].clone();
            (name, value, their)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TrainConfig, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_is_the_default() {
        assert_eq!(read("{}").unwrap(), TrainConfig::default());
        let config = read(
            r#"{"scheme": "sign", "optimizer": {"name": "adamw", "epsilon": 1e-6}, "threads": 3,
                "schedule": {"name": "cosine", "warm_up_epochs": 2}, "accumulate": [{"epoch": 3, "steps": 4}]}"#,
        )
        .unwrap();
        assert_eq!(config.scheme, Scheme::Sign);
        assert_eq!(config.optimizer, Optimizer::AdamW(Moments { epsilon: 1e-6, ..Moments::default() }));
        assert_eq!(config.schedule, Schedule::Cosine { warm_up_epochs: 2.0, floor: 0.0 });
        assert_eq!((config.threads, config.steps_per_update(2), config.steps_per_update(3)), (3, 1, 4));
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for text in [
            r#"{"learning-rate": 1}"#,
            r#"{"scheme": "ternary"}"#,
            r#"{"optimizer": {"name": "sgd", "betas": [0.9, 0.9]}}"#,
            r#"{"schedule": {"name": "halving", "every_epochs": 5, "warm_up": 1}}"#,
            r#"{"weight_gradient": "other"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn is_written_and_read_again() {
        let config = TrainConfig {
            optimizer: Optimizer::Sgd(Momentum { momentum: 0.8, nesterov: true }),
            ema: Some(0.999),
            distillation: Some(Distillation::default()),
            seed: u64::MAX,
            ..TrainConfig::published(true)
        };
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(read(&text).unwrap(), config);
        assert!(!text.contains("threads"));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let default = TrainConfig::default;
        TrainConfig::published(true).validate().unwrap();
        TrainConfig::published(false).validate().unwrap();
        let wrong = [
            TrainConfig { epochs: 0, ..default() },
            TrainConfig { epochs: usize::MAX / 2, ..default() },
            TrainConfig { threads: 1025, ..default() },
            TrainConfig { learning_rate: f32::NAN, ..default() },
            TrainConfig { ema: Some(1.0), ..default() },
            TrainConfig { real_weight_epochs: 13, ..default() },
            TrainConfig { weight_decay: -1.0, ..default() },
            TrainConfig { accumulate: vec![Accumulation { epoch: 1, steps: 0 }], ..default() },
            TrainConfig { schedule: Schedule::Halving { every_epochs: 0, floor: 0.0 }, ..default() },
            TrainConfig { schedule: Schedule::Cosine { warm_up_epochs: 13.0, floor: 0.0 }, ..default() },
            TrainConfig {
                optimizer: Optimizer::Sgd(Momentum { momentum: 0.0, nesterov: true }),
                ..default()
            },
            TrainConfig {
                distillation: Some(Distillation { weight: 1.0, temperature: 0.0, corrected: false }),
                ..default()
            },
        ];
        for config in wrong {
            assert!(matches!(config.validate(), Err(TrainError::Setting { .. })), "{config:?}");
        }
    }

    #[test]
    fn threads_never_and_epochs_only_sometimes_make_another_run() {
        let ours = TrainConfig::default();
        assert_eq!(ours.difference(&TrainConfig { threads: 5, ..ours.clone() }), None);
        let longer = TrainConfig { epochs: 20, ..ours.clone() };
        assert_eq!(ours.difference(&longer).unwrap().0, "epochs");
        let halving = TrainConfig::published(true);
        assert_eq!(halving.difference(&TrainConfig { epochs: 800, ..halving.clone() }), None);
        let other = TrainConfig { ema: Some(0.5), ..halving.clone() };
        assert_eq!(halving.difference(&other), Some(("ema".into(), Value::Null, 0.5.into())));
    }
}

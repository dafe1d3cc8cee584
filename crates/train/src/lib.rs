//! Trains binary neural networks and packs them.
//!
//! Latent weights, optimizer and the split of every filter live on the host, in [`Parameters`]. A backend sees only
//! the effective weights `W̃`, runs the graph forward and backward, and returns the gradient with respect to them, so
//! that the straight-through estimator is one rule in one place. The backend of the processor is `native`;
//! `libtorch` reaches other [devices](Device), with the feature of that name.
//!
//! [`Trainer`] trains a network, [`RunFolder`] makes that resumable, and [`pack`] turns the result into a model file.
#![forbid(unsafe_code)]

mod backend;
mod calibration;
mod checkpoint;
mod config;
mod device;
mod effective;
mod error;
mod estimator;
mod events;
mod history;
mod hybrid;
#[cfg(feature = "libtorch")]
mod libtorch;
mod native;
mod network;
mod observer;
mod optimizer;
mod pack;
mod parameters;
mod plan;
mod pointwise;
mod pretrained;
mod run;
mod targets;
mod teacher;
mod trained_network;
mod trainer;
mod training_loop;
mod validation;

pub use checkpoint::Checkpoint;
pub use config::{
    Accumulation, Distillation, Moments, Momentum, Optimizer, Schedule, TrainConfig, WeightGradient,
};
pub use dabnet_data::Examples;
pub use device::Device;
pub use effective::EffectiveWeights;
pub use error::TrainError;
pub use events::{EventWriter, Histogram};
pub use history::{LayerSnapshot, WeightHistory, WeightSnapshot};
pub use hybrid::{HybridLayer, InputDistortion, hybrid_layers};
pub use observer::{EpochReport, LayerReport, Progress, RunControl, TrainingObserver, TrainingOutcome};
pub use pack::{ModelMetadata, pack};
pub use parameters::Parameters;
pub use pretrained::PretrainedWeights;
pub use run::{CheckpointKind, EpochMetrics, MetricRecord, RUN_LOCK, RunFolder, SaveSchedule, StepMetrics};
/// A value of [`ModelMetadata::provenance`].
#[doc(no_inline)]
pub use serde_json::Value;
pub use teacher::Teacher;
pub use trained_network::{TrainedNetwork, node_outputs};
pub use trainer::Trainer;
pub use validation::Validation;

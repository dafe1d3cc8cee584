//! Trains binary neural networks and packs them.
//!
//! The latent weights, the optimiser and the split of every filter live on the host, in
//! [`Parameters`]; a backend sees only the effective weights `W̃`, runs the graph forward and
//! backward, and hands back the gradient with respect to them. The straight-through estimator is
//! then one rule in one place, and the split is native code. The backend of the processor is
//! `native`; `tensors` reaches other [devices](Device) through a tensor library, with the
//! features `libtorch` and `wgpu`.
#![forbid(unsafe_code)]

mod average;
mod backend;
mod bits;
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
mod learning;
mod native;
mod network;
mod observer;
mod optimizer;
mod outputs;
mod pack;
mod parameters;
mod plan;
mod progress;
mod run;
mod start;
mod targets;
mod teacher;
#[cfg(any(feature = "libtorch", feature = "wgpu"))]
mod tensors;
mod trained;
mod trainer;
mod validation;

pub use checkpoint::Checkpoint;
pub use config::{
    Accumulation, Distillation, Moments, Momentum, Optimizer, Schedule, TrainConfig, WeightGradient,
};
pub use dabnet_data::Examples;
pub use device::Device;
pub use effective::Effective;
pub use error::TrainError;
pub use events::{Events, Histogram};
pub use history::{History, LayerSnapshot, Snapshot};
pub use hybrid::{HybridLayer, InputError, hybrid_layers};
pub use observer::{Control, EpochReport, LayerReport, Observer, Outcome};
pub use outputs::node_outputs;
pub use pack::{Description, pack};
pub use parameters::Parameters;
pub use progress::Progress;
pub use run::{EpochMetrics, Metric, Run, Saved, Saving, StepMetrics};
pub use start::Start;
pub use teacher::Teacher;
pub use trained::Trained;
pub use trainer::Trainer;
pub use validation::Validation;

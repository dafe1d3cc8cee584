//! Trains binary neural networks and packs them.
//!
//! The latent weights, the optimiser and the split of every filter live on the host, in
//! [`Parameters`]; the tensor library sees only the effective weights `W̃`, runs the graph
//! forward and backward, and hands back the gradient with respect to them. The straight-through
//! estimator is then one rule in one place, the split is native code, and nothing outside
//! `runner` knows the tensor library.
#![forbid(unsafe_code)]

mod adam;
mod config;
mod effective;
mod error;
mod history;
mod pack;
mod parameters;
mod progress;
mod runner;
mod schedule;
mod sketches;
mod trained;
mod trainer;

pub use config::TrainConfig;
pub use dabnet_sketch::Examples;
pub use effective::Effective;
pub use error::TrainError;
pub use history::{History, LayerSnapshot, Snapshot};
pub use pack::{Description, pack};
pub use parameters::{NodeParameters, Norm, Parameters};
pub use progress::Progress;
pub use sketches::AugmentedSketches;
pub use trained::Trained;
pub use trainer::Trainer;

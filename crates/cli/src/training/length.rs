//! Defaults of batch size, epochs and learning rate by the number of training sketches.

use dabnet_train::TrainConfig;

/// Least number of steps of a run, however few sketches there are.
const LEAST_STEPS: usize = 650;
/// Smallest batch: batch normalization needs several sketches.
const LEAST_BATCH: usize = 8;
/// Least number of batches in an epoch, if there are enough sketches.
const LEAST_BATCHES: usize = 5;
/// Number of steps up to which the learning rate has its default peak; it is less in longer runs.
const SHORT: usize = 1000;
/// Least peak of the learning rate.
const LEAST_RATE: f64 = 2e-3;

/// Batch size for so many sketches: the largest power of two that an epoch has enough of.
pub(super) fn batch(sketches: usize) -> usize {
    let power = 1 << (sketches / LEAST_BATCHES).max(1).ilog2();
    power.clamp(LEAST_BATCH, TrainConfig::default().batch)
}

/// Number of epochs of so many steps each.
pub(super) fn epochs(steps: usize) -> usize {
    TrainConfig::default().epochs.max(LEAST_STEPS.div_ceil(steps))
}

/// Peak of the learning rate for so many steps: long runs diverge with that of short ones, and the weights of a run
/// that `is_tuned` from another are to be kept.
pub(super) fn learning_rate(steps: usize, is_tuned: bool) -> f32 {
    // As it is written, and not with the digits that single precision adds.
    let standard: f64 = TrainConfig::default().learning_rate.to_string().parse().unwrap_or(LEAST_RATE);
    let shrink = (SHORT as f64 / steps.max(1) as f64).sqrt().min(1.0);
    let rate =
        if is_tuned { LEAST_RATE } else { (standard * shrink * 1e5).round().max(LEAST_RATE * 1e5) / 1e5 };
    rate as f32
}

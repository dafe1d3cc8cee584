//! What a compiled model does, one file a step.

mod binarize;
mod binary_conv;
mod bit_sink;
mod borders;
mod dense_conv;
mod ink_conv;
mod max_pool;
mod pointwise;
mod unpack;

use std::fmt::Debug;

pub(crate) use binarize::Binarize;
pub(crate) use binary_conv::BinaryConv;
pub(crate) use bit_sink::BitSink;
pub(crate) use dense_conv::DenseConv;
pub(crate) use ink_conv::InkConv;
pub(crate) use max_pool::MaxPool;
pub(crate) use pointwise::{Pointwise, PointwiseStep};
pub(crate) use unpack::Unpack;

use crate::{
    kernels::Kernels,
    workspace::{Needs, Workspace},
};

/// One step: reads the front floats or bits, leaves its result in front.
pub(crate) trait Step: Debug + Send + Sync {
    /// The buffers it uses.
    fn needs(&self) -> Needs;

    /// Runs it.
    fn run(&self, kernels: Kernels, workspace: &mut Workspace);
}

/// A step and the layer it belongs to.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The convolution that it runs or that what it works on comes from; the input before the first.
    pub(crate) layer: String,
    pub(crate) step: Box<dyn Step>,
}

/// Convolution weights `[out, in, kernel, kernel]` as a matrix with one row for each element of a
/// window, in the order in which windows lie in memory, and one column for each filter.
fn window_major(weights: &[f32], filters: usize, in_channels: usize, kernel: usize) -> Vec<f32> {
    let taps = kernel * kernel;
    let mut matrix = vec![0.0; weights.len()];
    for (filter, weights) in weights.chunks_exact(taps * in_channels).enumerate() {
        for (channel, weights) in weights.chunks_exact(taps).enumerate() {
            for (tap, &weight) in weights.iter().enumerate() {
                matrix[(tap * in_channels + channel) * filters + filter] = weight;
            }
        }
    }
    matrix
}

//! What a compiled model does: steps, each of which computes the results of all positions, one
//! after another, and sends every one through its [`Epilogue`]. One file a source of results.

mod avg_pool;
mod binary_conv;
mod bit_pool;
mod borders;
mod copy;
mod dense_conv;
mod depthwise_conv;
mod epilogue;
mod ink_conv;
mod max_pool;
mod pointwise;
mod sink;
mod slice;
mod unpack;

use std::{fmt::Debug, ops::Range};

use dabnet_graph::Shape;

pub(crate) use avg_pool::AvgPool;
pub(crate) use binary_conv::BinaryConv;
pub(crate) use bit_pool::BitPool;
pub(crate) use copy::Copy;
pub(crate) use dense_conv::DenseConv;
pub(crate) use depthwise_conv::DepthwiseConv;
pub(crate) use epilogue::{BitsOutput, Epilogue, MAX_BIT_OUTPUTS, RowOp, Rows, Store};
pub(crate) use ink_conv::InkConv;
pub(crate) use max_pool::MaxPool;
pub(crate) use pointwise::Pointwise;
pub(crate) use slice::ChannelSlice;
pub(crate) use unpack::Unpack;

use crate::{
    ink::Ink,
    kernels::Kernels,
    memory::{Memory, Needs, Scratch, Worker},
    plan::{Buffers, ValueId},
};
use sink::{Outputs, Sink};

/// Where the results of a step come from.
pub(crate) trait Source: Debug + Send + Sync {
    /// What it reads.
    fn reads(&self) -> ValueId;

    /// The scratch memory it uses.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What has to be done once, before the positions.
    fn prepare(&self, _values: Values<'_>, _ink: &mut Ink) {}

    /// Gives `sink` the result of every position of the output rows `rows`.
    fn run(&self, context: Context<'_>, rows: Range<usize>, scratch: &mut Scratch, sink: &mut Sink<'_>);
}

/// The values that have been computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a> {
    buffers: &'a Buffers,
    floats: &'a [Vec<f32>],
    bits: &'a [Vec<u32>],
}

impl<'a> Values<'a> {
    pub(crate) fn floats(&self, id: ValueId) -> &'a [f32] {
        &self.floats[self.buffers.place(id)]
    }

    pub(crate) fn bits(&self, id: ValueId) -> &'a [u32] {
        &self.bits[self.buffers.place(id)]
    }
}

/// What a source reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) kernels: Kernels,
    pub(crate) values: Values<'a>,
    pub(crate) ink: &'a Ink,
}

/// A source of results and what becomes of them.
#[derive(Debug)]
pub(crate) struct Step {
    /// The convolution that it runs or that what it works on comes from; the input before the first.
    pub(crate) layer: String,
    pub(crate) source: Box<dyn Source>,
    pub(crate) epilogue: Epilogue,
    /// Shape of the results.
    pub(crate) shape: Shape,
}

impl Step {
    pub(crate) fn reads(&self) -> impl Iterator<Item = ValueId> {
        std::iter::once(self.source.reads()).chain(self.epilogue.reads())
    }

    pub(crate) fn writes(&self) -> impl Iterator<Item = ValueId> {
        self.epilogue.writes()
    }

    pub(crate) fn needs(&self) -> Needs {
        Needs { channels: self.shape.channels, ..Needs::default() }.max(self.source.needs())
    }

    /// Runs it on as many threads as there are workers.
    pub(crate) fn run(&self, kernels: Kernels, buffers: &Buffers, memory: &mut Memory) {
        // What is written is taken out, so that everything else can be read; nothing is allocated.
        let mut written = self.epilogue.take(buffers, memory);
        let Memory { floats, bits, ink, workers } = memory;
        let values = Values { buffers, floats, bits };
        self.source.prepare(values, ink);
        let context = Context { kernels, values, ink };
        let outputs = Outputs::new(&self.epilogue, self.shape, &mut written);
        self.split(context, 0..self.shape.height, outputs, workers);
        self.epilogue.put_back(buffers, memory, written);
    }

    /// Halves rows and workers until there is one worker.
    fn split(&self, context: Context<'_>, rows: Range<usize>, outputs: Outputs<'_>, workers: &mut [Worker]) {
        let [worker] = workers else {
            let (some, others) = workers.split_at_mut(workers.len() / 2);
            let share = (rows.len() * some.len()).div_ceil(some.len() + others.len());
            let middle = rows.start + share;
            let (above, below) = outputs.split_at(middle - rows.start);
            join(
                || self.split(context, rows.start..middle, above, some),
                || self.split(context, middle..rows.end, below, others),
            );
            return;
        };
        if rows.is_empty() {
            return;
        }
        let Worker { scratch, row, words } = worker;
        let first = rows.start * self.shape.width;
        let mut sink =
            Sink::new(&self.epilogue, context, first, outputs, &mut row[..self.shape.channels], words);
        self.source.run(context, rows, scratch, &mut sink);
    }
}

#[cfg(feature = "threads")]
fn join(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    rayon::join(a, b);
}

#[cfg(not(feature = "threads"))]
fn join(a: impl FnOnce(), b: impl FnOnce()) {
    a();
    b();
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

//! What a compiled model does: steps, each of which computes the results of all positions, one
//! after another, and sends every one through its [`Epilogue`]. One file a source of results.

mod avg_pool;
mod binary_conv;
mod bit_pool;
mod blank;
mod borders;
mod copy;
mod dense_conv;
mod depthwise_conv;
mod epilogue;
mod gather;
mod ink_conv;
mod max_pool;
mod pointwise;
mod select_conv;
mod sink;
mod slice;
mod unpack;
mod values;

use std::{fmt::Debug, mem, ops::Range};

use dabnet_graph::Shape;

pub(crate) use avg_pool::AvgPool;
pub(crate) use binary_conv::BinaryConv;
pub(crate) use bit_pool::BitPool;
pub(crate) use blank::{Blank, Blanks};
pub(crate) use copy::Copy;
pub(crate) use dense_conv::DenseConv;
pub(crate) use depthwise_conv::DepthwiseConv;
pub(crate) use epilogue::{Epilogue, MAX_BIT_OUTPUTS, RowOp, Rows, Store};
pub(crate) use ink_conv::InkConv;
pub(crate) use max_pool::MaxPool;
pub(crate) use pointwise::Pointwise;
pub(crate) use select_conv::SelectConv;
pub(crate) use slice::ChannelSlice;
pub(crate) use unpack::Unpack;
pub(crate) use values::Values;

use crate::{
    ink::Ink,
    kernels::Kernels,
    memory::{Memory, Needs, Scratch, Worker},
    plan::{Buffers, ValueId},
    touched::{Place, Touched},
    window::Window,
};
use sink::{Outputs, Sink};

/// Where the results of a step come from.
pub(crate) trait Source: Debug + Send + Sync {
    /// What it reads.
    fn reads(&self) -> ValueId;

    /// The windows of what it reads that its results come from; `None` where each comes from what is
    /// at its own position.
    fn window(&self) -> Option<&Window> {
        None
    }

    /// Makes the results of those channels for which `falling` says so the negatives of what they are, if it
    /// can.
    fn negate(&mut self, _falling: &[bool]) -> bool {
        false
    }

    /// Whether it reads no more than [positions](ValueRows) of floats.
    fn reads_rows(&self) -> bool {
        false
    }

    /// The scratch memory it uses.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What has to be done once, before the positions.
    fn prepare(&self, _values: Values<'_>, _ink: &mut Ink) {}

    /// Gives `sink` the result of every one of `places`, which come row by row.
    fn run(&self, context: Context<'_>, places: &[Place], scratch: &mut Scratch, sink: &mut Sink<'_>);
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

    /// A value of which it reads each position only just before it writes the same of another, whole one:
    /// both can be in one buffer.
    pub(crate) fn could_overwrite(&self) -> Option<(ValueId, ValueId)> {
        let store = self.epilogue.floats().filter(|store| store.stride == self.shape.channels)?;
        let once = |&value: &ValueId| self.reads().filter(|&read| read == value).count() == 1;
        let added = self.epilogue.reads().find(once)?;
        Some((added, store.value))
    }

    /// Whether it stores floats as this value.
    pub(crate) fn stores(&self, id: ValueId) -> bool {
        self.epilogue.floats().is_some_and(|store| store.value == id)
    }

    pub(crate) fn needs(&self) -> Needs {
        let row = self.source.window().map_or(0, Touched::row_words);
        Needs { channels: self.shape.channels, row, ..Needs::default() }.max(self.source.needs())
    }

    /// Runs it on as many threads as there are workers. With what blank paper gives, only what ink
    /// reaches is computed.
    pub(crate) fn run(&self, kernels: Kernels, buffers: &Buffers, blanks: Blanks<'_>, memory: &mut Memory) {
        let blank = blanks.of_this();
        self.touch(blank.is_none(), memory);
        // What is written is taken out, so that everything else can be read; nothing is allocated.
        let mut written = self.epilogue.take(buffers, memory);
        let Memory { floats, bits, ink, touched, places, workers, .. } = memory;
        let values = Values { buffers, floats, bits, touched, blank: blanks.all() };
        self.source.prepare(values, ink);
        let context = Context { kernels, values, ink };
        let outputs = Outputs::new(&self.epilogue, self.shape, &mut written);
        self.split(context, 0..self.shape.height, places, blank, outputs, workers);
        self.epilogue.put_back(buffers, memory, written);
    }

    /// Finds which positions have to be computed. Where several steps write one value, that may be
    /// more than this one needs.
    fn touch(&self, all: bool, memory: &mut Memory) {
        let Memory { touched, row, places, .. } = memory;
        let Some(first) = self.writes().next() else { return };
        let mut reached = mem::take(&mut touched[first.0]);
        match self.source.window() {
            _ if all => reached.fill(),
            Some(window) => reached.add_windows(&touched[self.source.reads().0], window, row),
            None => reached.add(&touched[self.source.reads().0]),
        }
        self.epilogue.reads().for_each(|id| reached.add(&touched[id.0]));
        reached.places(places);
        self.writes().skip(1).for_each(|id| touched[id.0].add(&reached));
        touched[first.0] = reached;
    }

    /// Halves the work and the workers until there is one worker.
    fn split(
        &self,
        context: Context<'_>,
        rows: Range<usize>,
        places: &[Place],
        blank: Option<&Blank>,
        outputs: Outputs<'_>,
        workers: &mut [Worker],
    ) {
        let [worker] = workers else {
            let (some, others) = workers.split_at_mut(workers.len() / 2);
            let share = places.len() * some.len() / (some.len() + others.len());
            // Whole rows, so that each output is cut in two.
            let middle = places.get(share).map_or(rows.end, |place| place.y());
            let (above, below) = places.split_at(places.partition_point(|place| place.y() < middle));
            let (outputs_above, outputs_below) = outputs.split_at(middle - rows.start);
            join(
                || self.split(context, rows.start..middle, above, blank, outputs_above, some),
                || self.split(context, middle..rows.end, below, blank, outputs_below, others),
            );
            return;
        };
        if rows.is_empty() {
            return;
        }
        let Worker { scratch, row } = worker;
        let positions = rows.start * self.shape.width..rows.end * self.shape.width;
        let channels = self.shape.channels;
        let mut sink = Sink::new(&self.epilogue, context, positions.start, outputs, row, channels);
        if let Some(blank) = blank {
            let floats = self.epilogue.floats().is_some_and(|store| context.values.is_filled(store.value));
            blank.fill(places, positions, floats, &mut sink);
        }
        self.source.run(context, places, scratch, &mut sink);
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

/// Negates the columns of a matrix for which `falling` says so.
pub(crate) fn negate_columns(matrix: &mut [f32], falling: &[bool]) {
    for row in matrix.chunks_exact_mut(falling.len()) {
        row.iter_mut().zip(falling).filter(|(_, falls)| **falls).for_each(|(weight, _)| *weight = -*weight);
    }
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

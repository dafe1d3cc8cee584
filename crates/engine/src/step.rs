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
pub(crate) use select_conv::SelectConv;
pub(crate) use slice::ChannelSlice;
pub(crate) use unpack::Unpack;
pub(crate) use values::Values;

use crate::{
    kernels::Kernels,
    memory::{Memory, Needs, Prepared, Scratch, Worker},
    plan::{Buffers, ValueId},
    threads::Threads,
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
    fn prepare(&self, _kernels: Kernels, _values: Values<'_>, _prepared: &mut Prepared) {}

    /// Gives `sink` the result of every one of `places`, which come row by row.
    fn run(&self, context: Context<'_>, places: &[Place], scratch: &mut Scratch, sink: &mut Sink<'_>);
}

/// What a source reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) kernels: Kernels,
    pub(crate) values: Values<'a>,
    pub(crate) prepared: &'a Prepared,
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
    pub(crate) fn run(
        &self,
        threads: &Threads,
        kernels: Kernels,
        buffers: &Buffers,
        blanks: Blanks<'_>,
        memory: &mut Memory,
    ) {
        let blank = blanks.of_this();
        self.touch(blank.is_none(), memory);
        // What is written is taken out, so that everything else can be read; nothing is allocated.
        let mut written = self.epilogue.take(buffers, memory);
        let Memory { floats, bits, prepared, touched, places, workers, .. } = memory;
        let values = Values { buffers, floats, bits, touched, blank: blanks.all() };
        self.source.prepare(kernels, values, prepared);
        let context = Context { kernels, values, prepared };
        let outputs = Outputs::new(&self.epilogue, self.shape, &mut written);
        if let [worker] = &mut workers[..] {
            self.run_part(context, blank, Part { rows: 0..self.shape.height, places, outputs, worker });
        } else {
            let parts = split(self.shape.height, places, outputs, workers);
            threads.share(parts, |part| self.run_part(context, blank, part));
        }
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

    fn run_part(&self, context: Context<'_>, blank: Option<&Blank>, part: Part<'_>) {
        let Part { rows, places, outputs, worker: Worker { scratch, row } } = part;
        if rows.is_empty() {
            return;
        }
        let positions = rows.start * self.shape.width..rows.end * self.shape.width;
        let mut sink = Sink::new(&self.epilogue, context, rows.start, outputs, row, self.shape);
        if let Some(blank) = blank {
            let floats = self.epilogue.floats().is_some_and(|store| context.values.is_filled(store.value));
            blank.fill(places, positions, floats, &mut sink);
        }
        self.source.run(context, places, scratch, &mut sink);
    }
}

/// Some rows of a step's results, for one thread.
struct Part<'a> {
    rows: Range<usize>,
    /// What is to be computed there.
    places: &'a [Place],
    outputs: Outputs<'a>,
    worker: &'a mut Worker,
}

/// A part for each worker, with about as many places; whole rows, so that each output is cut in two.
fn split<'a>(
    height: usize,
    mut places: &'a [Place],
    mut outputs: Outputs<'a>,
    workers: &'a mut [Worker],
) -> Vec<Part<'a>> {
    let (mut parts, mut begin, count) = (Vec::with_capacity(workers.len()), 0, workers.len());
    for (index, worker) in workers.iter_mut().enumerate() {
        let share = places.len() / (count - index);
        let last = index + 1 == count;
        let end = places.get(share).filter(|_| !last).map_or(height, |place| place.y().max(begin));
        let (own, rest) = places.split_at(places.partition_point(|place| place.y() < end));
        let (above, below) = outputs.split_at(end - begin);
        parts.push(Part { rows: begin..end, places: own, outputs: above, worker });
        (places, outputs, begin) = (rest, below, end);
    }
    parts
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

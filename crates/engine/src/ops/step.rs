use std::{mem, ops::Range};

use dabnet_graph::Shape;

use super::{
    epilogue::{Epilogue, Store},
    memory::{Memory, Needs, Worker},
    operator::Source,
    sink::{Outputs, Sink},
    values::{Context, Values},
};
use crate::{
    plan::{Bits, Buffers, StepAccess},
    simd::{Kernels, units},
    sparse::{Blank, BlankRows, Blanks, Place, Touched},
    threads::Threads,
};

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
    /// All that planning has to know of it.
    pub(crate) fn access(&self) -> StepAccess {
        let whole = |store: Store| (store.value, store.stride == self.shape.channels);
        StepAccess {
            input: self.source.reads(),
            reads_rows: self.source.reads_rows(),
            addends: self.epilogue.reads().collect(),
            store: self.epilogue.floats().map(whole),
            bits: self.epilogue.bits().map(|bits| bits.value).collect(),
        }
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
        let Some(first) = self.epilogue.writes().next() else { return };
        let mut reached = mem::take(&mut touched[first.0]);
        match self.source.window() {
            _ if all => reached.fill(),
            Some(window) => reached.add_windows(&touched[self.source.reads().0], window, row),
            None => reached.add(&touched[self.source.reads().0]),
        }
        self.epilogue.reads().for_each(|id| reached.add(&touched[id.0]));
        reached.places(places);
        self.epilogue.writes().skip(1).for_each(|id| touched[id.0].add(&reached));
        touched[first.0] = reached;
    }

    /// What it has just left in `memory`.
    pub(crate) fn blank(&self, buffers: &Buffers, memory: &Memory) -> Blank {
        let Shape { channels, .. } = self.shape;
        let positions = self.shape.positions();
        let floats = self.epilogue.floats().map(|store| {
            let values = &memory.floats[buffers.place(store.value)][..positions * store.stride];
            let positions = values.chunks_exact(store.stride);
            BlankRows::new(channels, positions.map(|position| &position[store.first..][..channels]))
        });
        let bits = self.epilogue.bits().map(|Bits { value, encoding }| {
            memory.bits[buffers.place(value)][..encoding.planes() * positions * units(channels)].to_vec()
        });
        Blank { floats: floats.unwrap_or_default(), bits: bits.collect() }
    }

    /// The most bytes that this takes.
    pub(crate) fn blank_bytes(&self) -> u64 {
        let Shape { channels, .. } = self.shape;
        // As much again as a key, the index, and an entry of the map, while equal rows are found.
        let floats = if self.epilogue.floats().is_some() { 2 * channels as u64 + 32 } else { 0 };
        let planes: usize = self.epilogue.bits().map(|bits| bits.encoding.planes()).sum();
        let bits = (planes * units(channels)) as u64;
        4 * self.shape.positions() as u64 * (floats + bits)
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
            sink.fill(blank, places, positions, floats);
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

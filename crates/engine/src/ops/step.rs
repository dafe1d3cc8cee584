use std::{mem, ops::Range};

use dabnet_graph::Shape;

use super::{
    epilogue::{FloatStore, StepEpilogue},
    memory::{SessionMemory, WorkerMemory, WorkspaceSize},
    operator::StepOperator,
    sink::{OutputRows, ResultSink},
    values::{ComputedValues, OperatorContext},
};
use crate::{
    plan::{BitValue, BufferPlan, StepAccess},
    simd::{SimdKernels, units},
    sparse::{ActiveMask, BackgroundRows, BackgroundStore, GridPosition, StepBackground},
    threads::SessionThreads,
};

/// Step of a compiled model: an operator and an epilogue.
#[derive(Debug)]
pub(crate) struct CompiledStep {
    /// Name of the convolution that it runs or follows; the input's before the first.
    pub(crate) layer: String,
    pub(crate) operator: Box<dyn StepOperator>,
    pub(crate) epilogue: StepEpilogue,
    /// Shape of the results.
    pub(crate) shape: Shape,
}

impl CompiledStep {
    /// Reads and writes, as needed for planning.
    pub(crate) fn access(&self) -> StepAccess {
        let whole = |store: FloatStore| (store.value, store.stride == self.shape.channels);
        StepAccess {
            input: self.operator.input(),
            reads_single_positions: self.operator.reads_single_positions(),
            addends: self.epilogue.reads().collect(),
            store: self.epilogue.floats().map(whole),
            bits: self.epilogue.bits().map(|bits| bits.value).collect(),
        }
    }

    pub(crate) fn workspace_size(&self) -> WorkspaceSize {
        let row = self.operator.window().map_or(0, ActiveMask::row_words);
        WorkspaceSize { channels: self.shape.channels, row, ..WorkspaceSize::default() }
            .max(self.operator.workspace_size())
    }

    /// Runs the step on as many threads as there are workers. With a background, only active positions are
    /// computed.
    pub(crate) fn run(
        &self,
        threads: &SessionThreads,
        kernels: SimdKernels,
        buffers: &BufferPlan,
        backgrounds: BackgroundStore<'_>,
        memory: &mut SessionMemory,
    ) {
        let background = backgrounds.current();
        self.mark_active(background.is_none(), memory);
        // Outputs are moved out of memory so that everything else can be borrowed; nothing is allocated.
        let mut written = self.epilogue.take(buffers, memory);
        let SessionMemory { floats, bits, prepared, active, positions, workers, .. } = memory;
        let values = ComputedValues { buffers, floats, bits, active, background: backgrounds.all() };
        self.operator.prepare(kernels, values, prepared);
        let positions = positions.as_slice();
        let context = OperatorContext { kernels, values, prepared, positions };
        let outputs = OutputRows::new(&self.epilogue, self.shape, &mut written);
        if let [worker] = &mut workers[..] {
            self.run_part(
                context,
                background,
                StepPart { rows: 0..self.shape.height, positions, outputs, worker },
            );
        } else {
            let parts = split_parts(self.shape.height, positions, outputs, workers);
            threads.share(parts, |part| self.run_part(context, background, part));
        }
        self.epilogue.put_back(buffers, memory, written);
    }

    /// Finds the positions to compute. If several steps write one value, these may be more than this step
    /// needs.
    fn mark_active(&self, all: bool, memory: &mut SessionMemory) {
        let SessionMemory { active, row, positions, .. } = memory;
        let Some(first) = self.epilogue.writes().next() else { return };
        let mut reached = mem::take(&mut active[first.0]);
        match self.operator.window() {
            _ if all => reached.fill(),
            Some(window) => reached.add_windows(&active[self.operator.input().0], window, row),
            None => reached.add(&active[self.operator.input().0]),
        }
        self.epilogue.reads().for_each(|id| reached.add(&active[id.0]));
        reached.list_positions(positions);
        self.epilogue.writes().skip(1).for_each(|id| active[id.0].add(&reached));
        active[first.0] = reached;
    }

    /// Extracts the background, which the step has just computed for a blank canvas.
    pub(crate) fn background(&self, buffers: &BufferPlan, memory: &SessionMemory) -> StepBackground {
        let Shape { channels, .. } = self.shape;
        let positions = self.shape.positions();
        let floats = self.epilogue.floats().map(|store| {
            let values = &memory.floats[buffers.slot(store.value)][..positions * store.stride];
            let positions = values.chunks_exact(store.stride);
            BackgroundRows::new(channels, positions.map(|position| &position[store.first..][..channels]))
        });
        let bits = self.epilogue.bits().map(|BitValue { value, encoding }| {
            memory.bits[buffers.slot(value)][..encoding.planes() * positions * units(channels)].to_vec()
        });
        StepBackground { floats: floats.unwrap_or_default(), bits: bits.collect() }
    }

    /// Upper bound of the background's size, in bytes.
    pub(crate) fn background_bytes(&self) -> u64 {
        let Shape { channels, .. } = self.shape;
        // Twice the channels for the key of each row, plus index and map entry, while equal rows are merged.
        let floats = if self.epilogue.floats().is_some() { 2 * channels as u64 + 32 } else { 0 };
        let planes: usize = self.epilogue.bits().map(|bits| bits.encoding.planes()).sum();
        let bits = (planes * units(channels)) as u64;
        4 * self.shape.positions() as u64 * (floats + bits)
    }

    fn run_part(
        &self,
        context: OperatorContext<'_>,
        background: Option<&StepBackground>,
        part: StepPart<'_>,
    ) {
        let StepPart { rows, positions, outputs, worker: WorkerMemory { workspace, row } } = part;
        if rows.is_empty() {
            return;
        }
        let range = rows.start * self.shape.width..rows.end * self.shape.width;
        let mut sink = ResultSink::new(&self.epilogue, context, rows.start, outputs, row, self.shape);
        if let Some(background) = background {
            let floats = self.epilogue.floats().is_some_and(|store| context.values.is_dense(store.value));
            sink.fill(background, positions, range, floats);
        }
        self.operator.run(OperatorContext { positions, ..context }, workspace, &mut sink);
    }
}

/// Rows of a step's results, for one thread.
struct StepPart<'a> {
    rows: Range<usize>,
    /// Positions to compute in these rows.
    positions: &'a [GridPosition],
    outputs: OutputRows<'a>,
    worker: &'a mut WorkerMemory,
}

/// Splits a step into one part of whole rows per worker, with about as many positions each.
fn split_parts<'a>(
    height: usize,
    mut positions: &'a [GridPosition],
    mut outputs: OutputRows<'a>,
    workers: &'a mut [WorkerMemory],
) -> Vec<StepPart<'a>> {
    let (mut parts, mut begin, count) = (Vec::with_capacity(workers.len()), 0, workers.len());
    for (index, worker) in workers.iter_mut().enumerate() {
        let share = positions.len() / (count - index);
        let last = index + 1 == count;
        let end = positions.get(share).filter(|_| !last).map_or(height, |position| position.y().max(begin));
        let (own, rest) = positions.split_at(positions.partition_point(|position| position.y() < end));
        let (above, below) = outputs.split_at(end - begin);
        parts.push(StepPart { rows: begin..end, positions: own, outputs: above, worker });
        (positions, outputs, begin) = (rest, below, end);
    }
    parts
}

use super::values::{ElementKind, PlannedValue, ValueId};

/// Reads and writes of one step: everything that planning needs to know of it.
#[derive(Clone, Debug)]
pub(crate) struct StepAccess {
    /// Value that the operator reads.
    pub(crate) input: ValueId,
    /// True if the operator reads single positions of `input` only.
    pub(crate) reads_single_positions: bool,
    /// Values that are added to the results.
    pub(crate) addends: Vec<ValueId>,
    /// Value that the results are stored in as floats, and whether they are all of its channels.
    pub(crate) store: Option<(ValueId, bool)>,
    /// Values that the results are stored in as bits.
    pub(crate) bits: Vec<ValueId>,
}

impl StepAccess {
    fn reads(&self) -> impl Iterator<Item = ValueId> {
        std::iter::once(self.input).chain(self.addends.iter().copied())
    }

    fn writes(&self) -> impl Iterator<Item = ValueId> {
        self.store.map(|(value, _)| value).into_iter().chain(self.bits.iter().copied())
    }

    /// Returns a value and the stored one that can share its buffer, since each position is read just before
    /// it is written.
    fn could_overwrite(&self) -> Option<(ValueId, ValueId)> {
        let (stored, _) = self.store.filter(|(_, whole)| *whole)?;
        let once = |&value: &ValueId| self.reads().filter(|&read| read == value).count() == 1;
        Some((self.addends.iter().copied().find(once)?, stored))
    }
}

/// Memory plan: the buffer of every value. Values with disjoint lifetimes share buffers.
#[derive(Debug)]
pub(crate) struct BufferPlan {
    /// Buffer of each value, as an index among the buffers of its kind.
    slots: Vec<usize>,
    /// Only writer of each value that is read by single positions, so that it need not be stored at inactive
    /// ones.
    sparse_writer: Vec<Option<usize>>,
    buffers: Vec<PlannedBuffer>,
}

#[derive(Debug)]
struct PlannedBuffer {
    kind: ElementKind,
    /// Index among the buffers of its kind.
    slot: usize,
    len: usize,
    free: bool,
}

impl BufferPlan {
    /// Plans buffers for `values`. The first is the input, and those `kept` are read after the last step.
    pub(crate) fn new(values: &[PlannedValue], steps: &[StepAccess], kept: &[ValueId]) -> Self {
        let mut ends = vec![0; values.len()];
        for (at, step) in steps.iter().enumerate() {
            step.reads().chain(step.writes()).for_each(|id| ends[id.0] = at);
        }
        kept.iter().for_each(|id| ends[id.0] = steps.len());
        let sparse_writer = sparse_writer(values.len(), steps, kept);
        let mut plan = Self { slots: vec![usize::MAX; values.len()], sparse_writer, buffers: Vec::new() };
        let mut ending = vec![Vec::new(); steps.len() + 1];
        ends.iter().enumerate().for_each(|(id, &end)| ending[end].push(id));
        plan.allocate(ValueId(0), &values[0]);
        for (at, (step, ending)) in steps.iter().zip(&ending).enumerate() {
            let kept = step.could_overwrite().filter(|&(old, new)| {
                ends[old.0] == at
                    && plan.slots[new.0] == usize::MAX
                    && values[old.0].shape == values[new.0].shape
            });
            if let Some((old, new)) = kept {
                plan.slots[new.0] = plan.slots[old.0];
            }
            for id in step.writes() {
                if plan.slots[id.0] == usize::MAX {
                    plan.allocate(id, &values[id.0]);
                }
            }
            for &id in ending {
                if kept.is_none_or(|(old, _)| old.0 != id) {
                    plan.release(plan.slots[id], values[id].kind);
                }
            }
        }
        plan
    }

    /// Buffer of a value, as an index among the buffers of its kind.
    pub(crate) fn slot(&self, id: ValueId) -> usize {
        self.slots[id.0]
    }

    /// Step that stores a value at active positions only, if there is one.
    pub(crate) fn sparse_writer(&self, id: ValueId) -> Option<usize> {
        self.sparse_writer[id.0]
    }

    /// Length of each buffer of a kind.
    pub(crate) fn lengths(&self, kind: ElementKind) -> impl Iterator<Item = usize> {
        self.buffers.iter().filter(move |buffer| buffer.kind == kind).map(|buffer| buffer.len)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.buffers.iter().map(|buffer| 4 * buffer.len as u64).sum()
    }

    /// Takes the smallest free buffer that is large enough, or else enlarges the largest free one.
    fn allocate(&mut self, id: ValueId, value: &PlannedValue) {
        let (kind, len) = (value.kind, value.len());
        let free = self.buffers.iter_mut().filter(|buffer| buffer.free && buffer.kind == kind);
        let best =
            free.min_by_key(|buffer| if buffer.len >= len { (0, buffer.len) } else { (1, len - buffer.len) });
        if let Some(buffer) = best {
            buffer.len = buffer.len.max(len);
            buffer.free = false;
            self.slots[id.0] = buffer.slot;
            return;
        }
        let slot = self.lengths(kind).count();
        self.buffers.push(PlannedBuffer { kind, slot, len, free: false });
        self.slots[id.0] = slot;
    }

    fn release(&mut self, slot: usize, kind: ElementKind) {
        let buffer = self.buffers.iter_mut().find(|buffer| (buffer.slot, buffer.kind) == (slot, kind));
        buffer.into_iter().for_each(|buffer| buffer.free = true);
    }
}

/// Returns the only writer of each value of which single positions are read.
fn sparse_writer(values: usize, steps: &[StepAccess], kept: &[ValueId]) -> Vec<Option<usize>> {
    let mut writers = vec![None; values];
    let mut whole = vec![false; values];
    kept.iter().for_each(|id| whole[id.0] = true);
    for (at, step) in steps.iter().enumerate() {
        for id in step.writes() {
            // A value with several writers is stored whole by each.
            whole[id.0] |= step.store.is_none_or(|(store, _)| store != id) || writers[id.0].is_some();
            writers[id.0] = Some(at);
        }
        whole[step.input.0] |= !step.reads_single_positions;
    }
    writers.into_iter().zip(whole).map(|(writer, whole)| writer.filter(|_| !whole)).collect()
}

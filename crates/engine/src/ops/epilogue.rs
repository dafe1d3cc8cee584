use std::mem;

use super::memory::SessionMemory;
use crate::{
    plan::{BitValue, BufferPlan, ValueId},
    simd::{AlignedBuffer, ChannelThresholds, PointwiseFunction},
};

/// The most values of bits that one step writes.
pub(crate) const MAX_BIT_OUTPUTS: usize = 4;

/// What becomes of the results of a position.
#[derive(Debug)]
pub(crate) enum StepEpilogue {
    /// They are bits, or sums of which each is compared with its numbers in `at`.
    Bits {
        /// Where the bits go.
        bits: BitValue,
        /// As many times as there are [values to reach](crate::bits::Encoding::highest), one number a filter,
        /// those that fill the last group included.
        thresholds: Vec<AlignedBuffer<f32>>,
    },
    /// They are floats.
    Floats(FloatEpilogue),
}

/// What becomes of floats: first `ops`, then they are stored, compared, or both.
#[derive(Debug)]
pub(crate) struct FloatEpilogue {
    /// At most [`MAX_STAGES`](crate::kernels::MAX_STAGES).
    pub(crate) ops: Vec<EpilogueOp>,
    pub(crate) store: Option<FloatStore>,
    /// At most [`MAX_BIT_OUTPUTS`].
    pub(crate) comparisons: Vec<ChannelThresholds>,
    /// Where the bits of each go.
    pub(crate) bits: Vec<BitValue>,
}

/// A function of the results of one position.
#[derive(Debug)]
pub(crate) enum EpilogueOp {
    /// Each by itself.
    Pointwise(PointwiseFunction),
    /// Their sum with those of a value of the same shape.
    Add(ValueId),
}

/// Where floats go: channels from `first` on, of `stride` a position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FloatStore {
    pub(crate) value: ValueId,
    pub(crate) first: usize,
    pub(crate) stride: usize,
}

/// The buffers that a step writes, while it runs.
#[derive(Debug, Default)]
pub(super) struct OutputBuffers {
    pub(super) floats: Vec<f32>,
    pub(super) bits: [Vec<u32>; MAX_BIT_OUTPUTS],
}

impl StepEpilogue {
    pub(super) fn reads(&self) -> impl Iterator<Item = ValueId> {
        self.ops().iter().filter_map(|op| match op {
            EpilogueOp::Add(value) => Some(*value),
            EpilogueOp::Pointwise(_) => None,
        })
    }

    /// What is done to floats.
    pub(super) fn ops(&self) -> &[EpilogueOp] {
        match self {
            Self::Bits { .. } => &[],
            Self::Floats(rows) => &rows.ops,
        }
    }

    pub(super) fn writes(&self) -> impl Iterator<Item = ValueId> {
        self.floats().map(|store| store.value).into_iter().chain(self.bits().map(|bits| bits.value))
    }

    /// What is added to the results and lies where they go, to be read before they are written.
    pub(super) fn output_addend(&self, buffers: &BufferPlan) -> Option<ValueId> {
        let position = buffers.slot(self.floats()?.value);
        self.reads().find(|&value| buffers.slot(value) == position)
    }

    pub(super) fn take(&self, buffers: &BufferPlan, memory: &mut SessionMemory) -> OutputBuffers {
        let mut written = OutputBuffers::default();
        if let Some(store) = self.floats() {
            written.floats = mem::take(&mut memory.floats[buffers.slot(store.value)]);
        }
        for (bits, BitValue { value, .. }) in written.bits.iter_mut().zip(self.bits()) {
            *bits = mem::take(&mut memory.bits[buffers.slot(value)]);
        }
        written
    }

    pub(super) fn put_back(&self, buffers: &BufferPlan, memory: &mut SessionMemory, written: OutputBuffers) {
        if let Some(store) = self.floats() {
            memory.floats[buffers.slot(store.value)] = written.floats;
        }
        for (bits, BitValue { value, .. }) in written.bits.into_iter().zip(self.bits()) {
            memory.bits[buffers.slot(value)] = bits;
        }
    }

    /// Where floats go, if any do.
    pub(super) fn floats(&self) -> Option<FloatStore> {
        match self {
            Self::Bits { .. } => None,
            Self::Floats(rows) => rows.store,
        }
    }

    /// Where bits go.
    pub(crate) fn bits(&self) -> impl Iterator<Item = BitValue> {
        let (direct, compared) = match self {
            Self::Bits { bits, .. } => (Some(*bits), &[][..]),
            Self::Floats(rows) => (None, &rows.bits[..]),
        };
        direct.into_iter().chain(compared.iter().copied())
    }
}

use std::mem;

use super::memory::SessionMemory;
use crate::{
    plan::{BitValue, BufferPlan, ValueId},
    simd::{AlignedBuffer, ChannelThresholds, PointwiseFunction},
};

/// Upper bound of the bit values that one step writes.
pub(crate) const MAX_BIT_OUTPUTS: usize = 4;

/// Epilogue of a step: the processing of each position's results.
#[derive(Debug)]
pub(crate) enum StepEpilogue {
    /// Results are bits, or dot products to be compared with `thresholds`.
    Bits {
        /// Destination.
        bits: BitValue,
        /// Thresholds by level, up to [`BitEncoding::highest`](crate::simd::BitEncoding::highest), one per
        /// filter, padded to whole groups.
        thresholds: Vec<AlignedBuffer<f32>>,
    },
    /// Results are floats.
    Floats(FloatEpilogue),
}

/// Epilogue of float results: `ops`, then a store, comparisons, or both.
#[derive(Debug)]
pub(crate) struct FloatEpilogue {
    /// Operations, at most [`MAX_STAGES`](crate::simd::MAX_STAGES).
    pub(crate) ops: Vec<EpilogueOp>,
    pub(crate) store: Option<FloatStore>,
    /// Comparisons, at most [`MAX_BIT_OUTPUTS`].
    pub(crate) comparisons: Vec<ChannelThresholds>,
    /// Destination of each comparison's bits.
    pub(crate) bits: Vec<BitValue>,
}

/// An operation on the results of one position.
#[derive(Debug)]
pub(crate) enum EpilogueOp {
    /// Pointwise function.
    Pointwise(PointwiseFunction),
    /// Addition of a value of the same shape.
    Add(ValueId),
}

/// Destination of float results: the channels from `first` on of a value with `stride` channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FloatStore {
    pub(crate) value: ValueId,
    pub(crate) first: usize,
    pub(crate) stride: usize,
}

/// Buffers that a running step writes.
#[derive(Debug, Default)]
pub(super) struct OutputBuffers {
    pub(super) floats: Vec<f32>,
    pub(super) bits: [Vec<u32>; MAX_BIT_OUTPUTS],
}

impl StepEpilogue {
    pub(crate) fn reads(&self) -> impl Iterator<Item = ValueId> {
        self.ops().iter().filter_map(|op| match op {
            EpilogueOp::Add(value) => Some(*value),
            EpilogueOp::Pointwise(_) => None,
        })
    }

    /// Operations on floats.
    pub(crate) fn ops(&self) -> &[EpilogueOp] {
        match self {
            Self::Bits { .. } => &[],
            Self::Floats(rows) => &rows.ops,
        }
    }

    pub(crate) fn writes(&self) -> impl Iterator<Item = ValueId> {
        self.floats().map(|store| store.value).into_iter().chain(self.bits().map(|bits| bits.value))
    }

    /// Returns the value that is added to the results and shares their destination buffer.
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

    /// Destination of floats, if any.
    pub(crate) fn floats(&self) -> Option<FloatStore> {
        match self {
            Self::Bits { .. } => None,
            Self::Floats(rows) => rows.store,
        }
    }

    /// Destinations of bits.
    pub(crate) fn bits(&self) -> impl Iterator<Item = BitValue> {
        let (direct, compared) = match self {
            Self::Bits { bits, .. } => (Some(*bits), &[][..]),
            Self::Floats(rows) => (None, &rows.bits[..]),
        };
        direct.into_iter().chain(compared.iter().copied())
    }
}

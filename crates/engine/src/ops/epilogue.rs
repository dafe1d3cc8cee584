use std::mem;

use super::memory::Memory;
use crate::{
    plan::{Bits, Buffers, ValueId},
    simd::{Aligned, Comparison, Pointwise},
};

/// The most values of bits that one step writes.
pub(crate) const MAX_BIT_OUTPUTS: usize = 4;

/// What becomes of the results of a position.
#[derive(Debug)]
pub(crate) enum Epilogue {
    /// They are bits, or sums of which each is compared with its numbers in `at`.
    Bits {
        /// Where the bits go.
        bits: Bits,
        /// As many times as there are [values to reach](crate::bits::Encoding::highest), one number a filter,
        /// those that fill the last group included.
        at: Vec<Aligned<f32>>,
    },
    /// They are floats.
    Rows(Rows),
}

/// What becomes of floats: first `ops`, then they are stored, compared, or both.
#[derive(Debug)]
pub(crate) struct Rows {
    /// At most [`MAX_STAGES`](crate::kernels::MAX_STAGES).
    pub(crate) ops: Vec<RowOp>,
    pub(crate) store: Option<Store>,
    /// At most [`MAX_BIT_OUTPUTS`].
    pub(crate) comparisons: Vec<Comparison>,
    /// Where the bits of each go.
    pub(crate) bits: Vec<Bits>,
}

/// A function of the results of one position.
#[derive(Debug)]
pub(crate) enum RowOp {
    /// Each by itself.
    Pointwise(Pointwise),
    /// Their sum with those of a value of the same shape.
    Add(ValueId),
}

/// Where floats go: channels from `first` on, of `stride` a position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    pub(crate) value: ValueId,
    pub(crate) first: usize,
    pub(crate) stride: usize,
}

/// The buffers that a step writes, while it runs.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) floats: Vec<f32>,
    pub(super) bits: [Vec<u32>; MAX_BIT_OUTPUTS],
}

impl Epilogue {
    pub(super) fn reads(&self) -> impl Iterator<Item = ValueId> {
        self.ops().iter().filter_map(|op| match op {
            RowOp::Add(value) => Some(*value),
            RowOp::Pointwise(_) => None,
        })
    }

    /// What is done to floats.
    pub(super) fn ops(&self) -> &[RowOp] {
        match self {
            Self::Bits { .. } => &[],
            Self::Rows(rows) => &rows.ops,
        }
    }

    pub(super) fn writes(&self) -> impl Iterator<Item = ValueId> {
        self.floats().map(|store| store.value).into_iter().chain(self.bits().map(|bits| bits.value))
    }

    /// What is added to the results and lies where they go, to be read before they are written.
    pub(super) fn adds_out(&self, buffers: &Buffers) -> Option<ValueId> {
        let place = buffers.place(self.floats()?.value);
        self.reads().find(|&value| buffers.place(value) == place)
    }

    pub(super) fn take(&self, buffers: &Buffers, memory: &mut Memory) -> Written {
        let mut written = Written::default();
        if let Some(store) = self.floats() {
            written.floats = mem::take(&mut memory.floats[buffers.place(store.value)]);
        }
        for (bits, Bits { value, .. }) in written.bits.iter_mut().zip(self.bits()) {
            *bits = mem::take(&mut memory.bits[buffers.place(value)]);
        }
        written
    }

    pub(super) fn put_back(&self, buffers: &Buffers, memory: &mut Memory, written: Written) {
        if let Some(store) = self.floats() {
            memory.floats[buffers.place(store.value)] = written.floats;
        }
        for (bits, Bits { value, .. }) in written.bits.into_iter().zip(self.bits()) {
            memory.bits[buffers.place(value)] = bits;
        }
    }

    /// Where floats go, if any do.
    pub(super) fn floats(&self) -> Option<Store> {
        match self {
            Self::Bits { .. } => None,
            Self::Rows(rows) => rows.store,
        }
    }

    /// Where bits go.
    pub(crate) fn bits(&self) -> impl Iterator<Item = Bits> {
        let (direct, compared) = match self {
            Self::Bits { bits, .. } => (Some(*bits), &[][..]),
            Self::Rows(rows) => (None, &rows.bits[..]),
        };
        direct.into_iter().chain(compared.iter().copied())
    }
}

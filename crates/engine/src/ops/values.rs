use super::memory::PreparedInput;
use crate::{
    plan::{BufferPlan, ValueId, WindowGeometry},
    simd::SimdKernels,
    sparse::{ActiveMask, BackgroundRows, GridPosition, StepBackground},
};

/// Input of an operator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperatorContext<'a> {
    pub(crate) kernels: SimdKernels,
    pub(crate) values: ComputedValues<'a>,
    pub(crate) prepared: &'a PreparedInput,
    /// Positions to compute, in row-major order.
    pub(crate) positions: &'a [GridPosition],
}

/// Computed values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ComputedValues<'a> {
    pub(super) buffers: &'a BufferPlan,
    pub(super) floats: &'a [Vec<f32>],
    pub(super) bits: &'a [Vec<u32>],
    /// Active mask of each value.
    pub(super) active: &'a [ActiveMask],
    /// Background of each step.
    pub(super) background: &'a [Option<StepBackground>],
}

impl<'a> ComputedValues<'a> {
    pub(crate) fn floats(&self, id: ValueId) -> &'a [f32] {
        &self.floats[self.buffers.slot(id)]
    }

    pub(crate) fn active(&self, id: ValueId) -> &'a ActiveMask {
        &self.active[id.0]
    }

    /// True if the value is stored at inactive positions too.
    pub(crate) fn is_dense(&self, id: ValueId) -> bool {
        self.buffers.sparse_writer(id).is_none()
    }

    /// Returns the rows of a float value with `channels` channels, which may be stored at active positions
    /// only.
    pub(crate) fn rows(&self, id: ValueId, channels: usize) -> ValueRows<'a> {
        let background = self.buffers.sparse_writer(id).and_then(|step| self.background[step].as_ref());
        let background = background.map(|background| (&background.floats, &self.active[id.0]));
        ValueRows { values: self.floats(id), background, channels }
    }

    pub(crate) fn bits(&self, id: ValueId) -> &'a [u32] {
        &self.bits[self.buffers.slot(id)]
    }
}

/// A float value, position by position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueRows<'a> {
    values: &'a [f32],
    /// Background and active mask, if inactive positions are not stored.
    background: Option<(&'a BackgroundRows, &'a ActiveMask)>,
    channels: usize,
}

impl<'a> ValueRows<'a> {
    /// Channels of a position.
    pub(crate) fn get(&self, position: GridPosition) -> &'a [f32] {
        self.background(position)
            .unwrap_or_else(|| &self.values[position.index() * self.channels..][..self.channels])
    }

    /// Channels of a position if it is not stored.
    pub(crate) fn background(&self, position: GridPosition) -> Option<&'a [f32]> {
        let (background, active) = self.background?;
        (!active.contains(position)).then(|| background.get(position.index()))
    }

    /// Calls `visit` with the channels of every position of a window.
    pub(crate) fn each(
        &self,
        window: &WindowGeometry,
        position: GridPosition,
        mut visit: impl FnMut(&'a [f32]),
    ) {
        let across = window.columns(position.x());
        let from = window.column_at(position.x(), across.start);
        for row in window.rows(position.y()) {
            let y = window.row_at(position.y(), row);
            for x in from..from + across.len() {
                visit(self.get(GridPosition::new(window.input.width, y, x)));
            }
        }
    }
}

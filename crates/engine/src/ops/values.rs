use super::memory::Prepared;
use crate::{
    plan::{Buffers, ValueId, Window},
    simd::Kernels,
    sparse::{Blank, BlankRows, Place, Touched},
};

/// What a source reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) kernels: Kernels,
    pub(crate) values: Values<'a>,
    pub(crate) prepared: &'a Prepared,
}

/// The values that have been computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a> {
    pub(super) buffers: &'a Buffers,
    pub(super) floats: &'a [Vec<f32>],
    pub(super) bits: &'a [Vec<u32>],
    /// By value.
    pub(super) touched: &'a [Touched],
    /// By step.
    pub(super) blank: &'a [Option<Blank>],
}

impl<'a> Values<'a> {
    pub(crate) fn floats(&self, id: ValueId) -> &'a [f32] {
        &self.floats[self.buffers.place(id)]
    }

    pub(crate) fn touched(&self, id: ValueId) -> &'a Touched {
        &self.touched[id.0]
    }

    /// Whether a value is whole, also where ink does not reach.
    pub(crate) fn is_filled(&self, id: ValueId) -> bool {
        self.buffers.unfilled(id).is_none()
    }

    /// The positions of a value of floats with so many channels, of which it may hold only those that
    /// ink reaches.
    pub(crate) fn rows(&self, id: ValueId, channels: usize) -> ValueRows<'a> {
        let blank = self.buffers.unfilled(id).and_then(|step| self.blank[step].as_ref());
        let blank = blank.map(|blank| (&blank.floats, &self.touched[id.0]));
        ValueRows { values: self.floats(id), blank, channels }
    }

    pub(crate) fn bits(&self, id: ValueId) -> &'a [u32] {
        &self.bits[self.buffers.place(id)]
    }
}

/// A value of floats, position by position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueRows<'a> {
    values: &'a [f32],
    /// What it is where ink does not reach, and where that is, if it is not filled there.
    blank: Option<(&'a BlankRows, &'a Touched)>,
    channels: usize,
}

impl<'a> ValueRows<'a> {
    /// The channels of a position.
    pub(crate) fn get(&self, place: Place) -> &'a [f32] {
        self.blank(place).unwrap_or_else(|| &self.values[place.position() * self.channels..][..self.channels])
    }

    /// The same if the value does not hold it.
    pub(crate) fn blank(&self, place: Place) -> Option<&'a [f32]> {
        let (blank, touched) = self.blank?;
        (!touched.contains(place)).then(|| blank.get(place.position()))
    }

    /// Calls `visit` with the channels of every position under a window.
    pub(crate) fn each(&self, window: &Window, place: Place, mut visit: impl FnMut(&'a [f32])) {
        let across = window.columns(place.x());
        let from = window.column_at(place.x(), across.start);
        for row in window.rows(place.y()) {
            let y = window.row_at(place.y(), row);
            for x in from..from + across.len() {
                visit(self.get(Place::new(window.input.width, y, x)));
            }
        }
    }
}

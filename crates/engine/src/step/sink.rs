use std::{mem, ops::Range};

use dabnet_graph::Shape;

use super::{Context, Epilogue, MAX_BIT_OUTPUTS, RowOp, Rows, Store, blank::BlankRows, epilogue::Written};
use crate::{
    bits::units,
    kernels::{Finish, MAX_STAGES, Stage, Start, Sums},
    plan::ValueId,
    touched::Place,
};

/// What a step writes, or the rows of it that one thread does.
#[derive(Debug, Default)]
pub(super) struct Outputs<'a> {
    floats: &'a mut [f32],
    /// Elements of `floats` in one row.
    float_row: usize,
    bits: [&'a mut [u32]; MAX_BIT_OUTPUTS],
    /// Units of `bits` in one row.
    bit_row: usize,
}

impl<'a> Outputs<'a> {
    /// All rows of a step's results, which have `shape`.
    pub(super) fn new(epilogue: &Epilogue, shape: Shape, written: &'a mut Written) -> Self {
        let float_row = epilogue.floats().map_or(0, |store| shape.width * store.stride);
        let bit_row = shape.width * units(shape.channels);
        let mut outputs = Self { float_row, bit_row, ..Self::default() };
        outputs.floats = &mut written.floats[..shape.height * float_row];
        for ((output, bits), _) in outputs.bits.iter_mut().zip(&mut written.bits).zip(epilogue.bits()) {
            *output = &mut bits[..shape.height * bit_row];
        }
        outputs
    }

    /// The first `rows` rows, and the others.
    pub(super) fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { floats, float_row, bits, bit_row } = self;
        let mut above = Self { float_row, bit_row, ..Self::default() };
        let mut below = Self { float_row, bit_row, ..Self::default() };
        (above.floats, below.floats) = floats.split_at_mut(rows * float_row);
        for (output, bits) in bits.into_iter().enumerate().filter(|(_, bits)| !bits.is_empty()) {
            (above.bits[output], below.bits[output]) = bits.split_at_mut(rows * bit_row);
        }
        (above, below)
    }
}

/// Takes the results of positions, and does with them what the epilogue says.
#[derive(Debug)]
pub(crate) struct Sink<'a> {
    epilogue: &'a Epilogue,
    context: Context<'a>,
    /// What is done to floats; sums change with the place.
    stages: [Stage<'a>; MAX_STAGES],
    /// Which of those are sums, and with what.
    adds: [(usize, ValueId); MAX_STAGES],
    adding: usize,
    /// What is added to the results and lies where they go.
    adds_out: Option<ValueId>,
    /// The position that the outputs begin with.
    first: usize,
    outputs: Outputs<'a>,
    /// Room for the results of one position.
    row: &'a mut [f32],
    channels: usize,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        epilogue: &'a Epilogue,
        context: Context<'a>,
        first: usize,
        outputs: Outputs<'a>,
        row: &'a mut [f32],
        channels: usize,
    ) -> Self {
        let row = &mut row[..channels];
        let mut sink = Self {
            epilogue,
            context,
            stages: [Stage::AddOut; MAX_STAGES],
            adds: [(0, ValueId(0)); MAX_STAGES],
            adding: 0,
            adds_out: epilogue.adds_out(context.values.buffers),
            first,
            outputs,
            row,
            channels,
        };
        for (at, op) in epilogue.ops().iter().enumerate() {
            match op {
                RowOp::Pointwise(function) => sink.stages[at] = Stage::Pointwise(function),
                RowOp::Add(value) => {
                    sink.adds[sink.adding] = (at, *value);
                    sink.adding += 1;
                }
            }
        }
        sink
    }

    /// Takes what a whole range of positions ends as; `floats` and `bits` hold that of all.
    pub(super) fn finished(
        &mut self,
        positions: Range<usize>,
        floats: Option<&BlankRows>,
        bits: &[Vec<u32>],
    ) {
        let (channels, units) = (self.channels, units(self.channels));
        let offsets = positions.start - self.first..positions.end - self.first;
        if let (Some(store), Some(floats)) = (self.epilogue.floats(), floats) {
            let target = &mut self.outputs.floats[offsets.start * store.stride..offsets.end * store.stride];
            for (position, target) in positions.clone().zip(target.chunks_exact_mut(store.stride)) {
                target[store.first..store.first + channels].copy_from_slice(floats.get(position));
            }
        }
        for (source, target) in bits.iter().zip(&mut self.outputs.bits) {
            target[offsets.start * units..offsets.end * units]
                .copy_from_slice(&source[positions.start * units..positions.end * units]);
        }
    }

    /// Takes bits: `write` sets all units of a position.
    ///
    /// # Panics
    /// If the epilogue takes floats.
    pub(super) fn bits(&mut self, place: Place, write: impl FnOnce(&mut [u32])) {
        let Epilogue::Bits { .. } = self.epilogue else { unreachable!("a source of bits before floats") };
        write(units_at(self.outputs.bits[0], place.position() - self.first, self.channels));
    }

    /// What the results of a binary convolution are to be compared with, if it is to give bits.
    pub(super) fn compares(&self) -> Option<&'a [f32]> {
        match self.epilogue {
            Epilogue::Bits { at, .. } => Some(at),
            Epilogue::Rows(_) => None,
        }
    }

    /// Takes the integers of a binary convolution that are to become floats.
    ///
    /// # Panics
    /// If the epilogue takes bits.
    pub(super) fn sums(&mut self, place: Place, sums: Sums<'_>) {
        self.finish(self.rows(), place, Start::Sums(sums));
    }

    /// Takes floats: `write` sets all channels of a position.
    ///
    /// # Panics
    /// If the epilogue takes bits.
    pub(super) fn floats(&mut self, place: Place, write: impl FnOnce(&mut [f32])) {
        let rows = self.rows();
        match rows.store {
            // Where nothing is that is still needed, they are written where they go.
            Some(store) if self.adds_out.is_none() => {
                write(floats_at(self.outputs.floats, store, place.position() - self.first, self.channels));
                if !rows.ops.is_empty() || !rows.comparisons.is_empty() {
                    self.finish(rows, place, Start::Out);
                }
            }
            _ => {
                let row = mem::take(&mut self.row);
                write(row);
                self.finish(rows, place, Start::Row(row));
                self.row = row;
            }
        }
    }

    /// Takes floats that lie in memory.
    ///
    /// # Panics
    /// If the epilogue takes bits.
    pub(super) fn row(&mut self, place: Place, row: &[f32]) {
        self.finish(self.rows(), place, Start::Row(row));
    }

    fn rows(&self) -> &'a Rows {
        let Epilogue::Rows(rows) = self.epilogue else { unreachable!("a source of floats before bits") };
        rows
    }

    fn finish(&mut self, rows: &Rows, place: Place, start: Start<'_>) {
        let (kernels, channels) = (self.context.kernels, self.channels);
        let offset = place.position() - self.first;
        for &(stage, value) in &self.adds[..self.adding] {
            self.stages[stage] = self.add(value, place);
        }
        kernels.finish(Finish {
            channels,
            start,
            stages: &self.stages[..rows.ops.len()],
            out: rows.store.map(|store| floats_at(self.outputs.floats, store, offset, channels)),
            comparisons: &rows.comparisons,
            bits: &mut self.outputs.bits,
            unit: offset * units(channels),
        });
    }

    /// Adds what `value` is at `place`.
    fn add(&self, value: ValueId, place: Place) -> Stage<'a> {
        let rows = self.context.values.rows(value, self.channels);
        match rows.blank(place) {
            Some(row) => Stage::Add(row),
            None if self.adds_out == Some(value) => Stage::AddOut,
            None => Stage::Add(rows.get(place)),
        }
    }
}

/// The channels of the position that is `offset` after the first.
fn floats_at(floats: &mut [f32], store: Store, offset: usize, channels: usize) -> &mut [f32] {
    &mut floats[offset * store.stride + store.first..][..channels]
}

/// The units of the position that is `offset` after the first.
fn units_at(bits: &mut [u32], offset: usize, channels: usize) -> &mut [u32] {
    let units = units(channels);
    &mut bits[offset * units..][..units]
}

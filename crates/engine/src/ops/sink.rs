use dabnet_graph::Shape;
use std::{mem, ops::Range};

use super::{
    epilogue::{EpilogueOp, FloatEpilogue, FloatStore, MAX_BIT_OUTPUTS, OutputBuffers, StepEpilogue},
    values::OperatorContext,
};
use crate::{
    plan::ValueId,
    simd::{
        AlignedBuffer, DotProducts, EpilogueInput, EpilogueStage, MAX_STAGES, RowEpilogue, UnitPosition,
        units,
    },
    sparse::{BackgroundRows, GridPosition, StepBackground},
};

/// Output buffers of a step, or the rows of them that one thread writes.
#[derive(Debug, Default)]
pub(super) struct OutputRows<'a> {
    floats: &'a mut [f32],
    /// Elements of `floats` per row.
    float_row: usize,
    bits: [&'a mut [u32]; MAX_BIT_OUTPUTS],
    /// Number of planes of each of `bits`.
    planes: [usize; MAX_BIT_OUTPUTS],
    /// Units per row and plane.
    bit_row: usize,
}

impl<'a> OutputRows<'a> {
    /// Creates views of all rows of a step's results.
    pub(super) fn new(epilogue: &StepEpilogue, shape: Shape, written: &'a mut OutputBuffers) -> Self {
        let float_row = epilogue.floats().map_or(0, |store| shape.width * store.stride);
        let bit_row = shape.width * units(shape.channels);
        let mut outputs = Self { float_row, bit_row, ..Self::default() };
        outputs.floats = &mut written.floats[..shape.height * float_row];
        for (at, (written, bits)) in written.bits.iter_mut().zip(epilogue.bits()).enumerate() {
            outputs.planes[at] = bits.encoding.planes();
            outputs.bits[at] = &mut written[..shape.height * outputs.planes[at] * bit_row];
        }
        outputs
    }

    /// Splits before row `rows`.
    pub(super) fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { floats, float_row, bits, planes, bit_row } = self;
        let mut above = Self { float_row, planes, bit_row, ..Self::default() };
        let mut below = Self { float_row, planes, bit_row, ..Self::default() };
        (above.floats, below.floats) = floats.split_at_mut(rows * float_row);
        for (output, bits) in bits.into_iter().enumerate().filter(|(_, bits)| !bits.is_empty()) {
            (above.bits[output], below.bits[output]) = bits.split_at_mut(rows * planes[output] * bit_row);
        }
        (above, below)
    }
}

/// Receiver of an operator's results, which applies the epilogue.
#[derive(Debug)]
pub(crate) struct ResultSink<'a> {
    epilogue: &'a StepEpilogue,
    context: OperatorContext<'a>,
    /// Epilogue stages; addends change with the position.
    stages: [EpilogueStage<'a>; MAX_STAGES],
    /// Indices and values of the stages that are additions.
    adds: [(usize, ValueId); MAX_STAGES],
    adding: usize,
    /// Value that is added to the results and shares their destination buffer.
    output_addend: Option<ValueId>,
    /// First row of the outputs.
    first_row: usize,
    /// Positions per row.
    width: usize,
    outputs: OutputRows<'a>,
    /// Scratch row for the results of one position.
    row: &'a mut [f32],
    channels: usize,
}

impl<'a> ResultSink<'a> {
    pub(super) fn new(
        epilogue: &'a StepEpilogue,
        context: OperatorContext<'a>,
        first_row: usize,
        outputs: OutputRows<'a>,
        row: &'a mut [f32],
        shape: Shape,
    ) -> Self {
        let Shape { channels, width, .. } = shape;
        let row = &mut row[..channels];
        let mut sink = Self {
            epilogue,
            context,
            stages: [EpilogueStage::AddOut; MAX_STAGES],
            adds: [(0, ValueId(0)); MAX_STAGES],
            adding: 0,
            output_addend: epilogue.output_addend(context.values.buffers),
            first_row,
            width,
            outputs,
            row,
            channels,
        };
        for (at, op) in epilogue.ops().iter().enumerate() {
            match op {
                EpilogueOp::Pointwise(function) => sink.stages[at] = EpilogueStage::Pointwise(function),
                EpilogueOp::Add(value) => {
                    sink.adds[sink.adding] = (at, *value);
                    sink.adding += 1;
                }
            }
        }
        sink
    }

    /// Fills the gaps between `positions` in a range with the background, that of floats only if requested.
    pub(super) fn fill(
        &mut self,
        background: &StepBackground,
        positions: &[GridPosition],
        range: Range<usize>,
        floats: bool,
    ) {
        let ends = positions.iter().map(|position| position.index()).chain([range.end]);
        let mut next = range.start;
        for end in ends {
            if next < end {
                self.fill_range(next..end, floats.then_some(&background.floats), &background.bits);
            }
            next = end + 1;
        }
    }

    /// Fills a range of positions from the background of all.
    fn fill_range(&mut self, range: Range<usize>, floats: Option<&BackgroundRows>, bits: &[Vec<u32>]) {
        let channels = self.channels;
        let before = self.first_row * self.width;
        let offsets = range.start - before..range.end - before;
        if let (Some(store), Some(floats)) = (self.epilogue.floats(), floats) {
            let target = &mut self.outputs.floats[offsets.start * store.stride..offsets.end * store.stride];
            for (position, target) in range.clone().zip(target.chunks_exact_mut(store.stride)) {
                target[store.first..store.first + channels].copy_from_slice(floats.get(position));
            }
        }
        for (output, source) in bits.iter().enumerate() {
            self.fill_bits(output, source, range.clone());
        }
    }

    /// Copies a range of positions of one output from `source`, which has all rows. With several planes, only
    /// positions of one row and plane are contiguous.
    fn fill_bits(&mut self, output: usize, source: &[u32], range: Range<usize>) {
        let (width, row_units, planes) = (self.width, self.outputs.bit_row, self.outputs.planes[output]);
        let units = row_units / width;
        let target = &mut *self.outputs.bits[output];
        let before = planes * self.first_row * row_units;
        let mut copy = |from: usize, len: usize| {
            target[from - before..][..len].copy_from_slice(&source[from..][..len]);
        };
        if planes == 1 {
            return copy(range.start * units, range.len() * units);
        }
        let mut start = range.start;
        while start < range.end {
            let (row, x) = (start / width, start % width);
            let end = range.end.min((row + 1) * width);
            for plane in 0..planes {
                copy((row * planes + plane) * row_units + x * units, (end - start) * units);
            }
            start = end;
        }
    }

    /// Receives the bits of a position, plane by plane.
    ///
    /// # Panics
    /// If the epilogue expects floats.
    pub(super) fn bits(&mut self, position: GridPosition, bits: &[u32]) {
        let StepEpilogue::Bits { .. } = self.epilogue else { unreachable!("a source of bits before floats") };
        let (at, planes) = (self.unit_position(position), self.outputs.planes[0]);
        if planes == 1 {
            return self.outputs.bits[0][at.unit(0, 1)..][..bits.len()].copy_from_slice(bits);
        }
        let units = units(self.channels);
        for (plane, bits) in bits.chunks_exact(units).enumerate() {
            self.outputs.bits[0][at.unit(plane, planes)..][..units].copy_from_slice(bits);
        }
    }

    /// Location of a position's bits in the outputs.
    fn unit_position(&self, position: GridPosition) -> UnitPosition {
        let row_units = self.outputs.bit_row;
        UnitPosition {
            row: position.y() - self.first_row,
            row_units,
            first: position.x() * units(self.channels),
        }
    }

    /// Index of a position in the outputs.
    fn offset(&self, position: GridPosition) -> usize {
        position.index() - self.first_row * self.width
    }

    /// Thresholds for the dot products of a binary convolution, if the epilogue expects bits.
    pub(super) fn thresholds(&self) -> Option<&'a [AlignedBuffer<f32>]> {
        match self.epilogue {
            StepEpilogue::Bits { thresholds, .. } => Some(thresholds),
            StepEpilogue::Floats(_) => None,
        }
    }

    /// Receives the dot products of a binary convolution, to be converted to floats.
    ///
    /// # Panics
    /// If the epilogue expects bits.
    pub(super) fn dot_products(&mut self, position: GridPosition, sums: DotProducts<'_>) {
        self.apply_epilogue(self.rows(), position, EpilogueInput::DotProducts(sums));
    }

    /// Receives floats: `write` sets all channels of a position.
    ///
    /// # Panics
    /// If the epilogue expects bits.
    pub(super) fn floats(&mut self, position: GridPosition, write: impl FnOnce(&mut [f32])) {
        let rows = self.rows();
        match rows.store {
            // Written directly to their destination, which holds no addend.
            Some(store) if self.output_addend.is_none() => {
                let offset = self.offset(position);
                write(floats_at(self.outputs.floats, store, offset, self.channels));
                if !rows.ops.is_empty() || !rows.comparisons.is_empty() {
                    self.apply_epilogue(rows, position, EpilogueInput::Out);
                }
            }
            _ => {
                let row = mem::take(&mut self.row);
                write(row);
                self.apply_epilogue(rows, position, EpilogueInput::Row(row));
                self.row = row;
            }
        }
    }

    /// Receives floats that are in memory.
    ///
    /// # Panics
    /// If the epilogue expects bits.
    pub(super) fn row(&mut self, position: GridPosition, row: &[f32]) {
        self.apply_epilogue(self.rows(), position, EpilogueInput::Row(row));
    }

    fn rows(&self) -> &'a FloatEpilogue {
        let StepEpilogue::Floats(rows) = self.epilogue else {
            unreachable!("a source of floats before bits")
        };
        rows
    }

    fn apply_epilogue(&mut self, rows: &FloatEpilogue, position: GridPosition, start: EpilogueInput<'_>) {
        let (kernels, channels) = (self.context.kernels, self.channels);
        let (offset, unit_position) = (self.offset(position), self.unit_position(position));
        for &(stage, value) in &self.adds[..self.adding] {
            self.stages[stage] = self.add(value, position);
        }
        kernels.run_epilogue(RowEpilogue {
            channels,
            start,
            stages: &self.stages[..rows.ops.len()],
            out: rows.store.map(|store| floats_at(self.outputs.floats, store, offset, channels)),
            comparisons: &rows.comparisons,
            bits: &mut self.outputs.bits,
            position: unit_position,
        });
    }

    /// Returns the stage that adds `value` at `position`.
    fn add(&self, value: ValueId, position: GridPosition) -> EpilogueStage<'a> {
        let rows = self.context.values.rows(value, self.channels);
        match rows.background(position) {
            Some(row) => EpilogueStage::Add(row),
            None if self.output_addend == Some(value) => EpilogueStage::AddOut,
            None => EpilogueStage::Add(rows.get(position)),
        }
    }
}

/// Channels of the position at index `offset`.
fn floats_at(floats: &mut [f32], store: FloatStore, offset: usize, channels: usize) -> &mut [f32] {
    &mut floats[offset * store.stride + store.first..][..channels]
}

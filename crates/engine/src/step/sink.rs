use std::ops::Range;

use dabnet_graph::Shape;

use super::{Context, Epilogue, Pointwise, RowOp, Rows, epilogue::Written};
use crate::{bits::units, kernels::Sums, step::MAX_BIT_OUTPUTS, touched::Place};

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
    /// The position that the outputs begin with.
    first: usize,
    outputs: Outputs<'a>,
    /// Room for the results of one position.
    row: &'a mut [f32],
    /// Room for as many bits.
    words: &'a mut [u64],
    channels: usize,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        epilogue: &'a Epilogue,
        context: Context<'a>,
        first: usize,
        outputs: Outputs<'a>,
        row: &'a mut [f32],
        words: &'a mut [u64],
        channels: usize,
    ) -> Self {
        let (row, words) = (&mut row[..channels], &mut words[..channels.div_ceil(64)]);
        Self { epilogue, context, first, outputs, row, words, channels }
    }

    /// Takes what a whole range of positions ends as; `floats` and `bits` hold that of all.
    pub(super) fn finished(&mut self, positions: Range<usize>, floats: Option<&Vec<f32>>, bits: &[Vec<u32>]) {
        let (channels, units) = (self.channels, units(self.channels));
        let offsets = positions.start - self.first..positions.end - self.first;
        if let (Some(store), Some(floats)) = (self.epilogue.floats(), floats) {
            let source = &floats[positions.start * channels..positions.end * channels];
            let target = &mut self.outputs.floats[offsets.start * store.stride..offsets.end * store.stride];
            if store.stride == channels {
                target.copy_from_slice(source);
            } else {
                let targets = target.chunks_exact_mut(store.stride);
                for (source, target) in source.chunks_exact(channels).zip(targets) {
                    target[store.first..store.first + channels].copy_from_slice(source);
                }
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

    /// Takes the integers of a binary convolution.
    pub(super) fn sums(&mut self, place: Place, sums: Sums<'_>) {
        let kernels = self.context.kernels;
        match self.epilogue {
            Epilogue::Bits { at, .. } => {
                let offset = place.position() - self.first;
                let target = units_at(self.outputs.bits[0], offset, self.channels);
                // Most positions are whole words.
                match bytemuck::try_cast_slice_mut(target) {
                    Ok(words) => kernels.compare_sums(sums, at, words),
                    Err(_) => {
                        kernels.compare_sums(sums, at, self.words);
                        copy_units(self.words, target);
                    }
                }
            }
            Epilogue::Rows(_) => self.floats(place, |row| kernels.scale_sums(sums, row)),
        }
    }

    /// Takes floats: `write` sets all channels of a position.
    ///
    /// # Panics
    /// If the epilogue takes bits.
    pub(super) fn floats(&mut self, place: Place, write: impl FnOnce(&mut [f32])) {
        let Epilogue::Rows(Rows { ops, store, bits }) = self.epilogue else {
            unreachable!("a source of floats before bits")
        };
        let (offset, channels) = (place.position() - self.first, self.channels);
        let row = match store.map(|store| offset * store.stride + store.first) {
            Some(at) => &mut self.outputs.floats[at..at + channels],
            None => &mut *self.row,
        };
        write(row);
        for op in ops {
            apply(op, self.context, place, row);
        }
        for (output, target) in bits.iter().zip(&mut self.outputs.bits) {
            self.context.kernels.compare_values(row, &output.sign, &output.at, self.words);
            copy_units(self.words, units_at(target, offset, channels));
        }
    }
}

fn apply(op: &RowOp, context: Context<'_>, place: Place, row: &mut [f32]) {
    match op {
        RowOp::Pointwise(Pointwise::Affine { scale, shift }) => context.kernels.scale(row, scale, shift),
        RowOp::Pointwise(Pointwise::Relu) => row.iter_mut().for_each(|x| *x = x.max(0.0)),
        RowOp::Add(value) => context.kernels.add(row, context.values.rows(*value, row.len()).get(place)),
    }
}

/// The units of the position that is `offset` after the first.
fn units_at(bits: &mut [u32], offset: usize, channels: usize) -> &mut [u32] {
    let units = units(channels);
    &mut bits[offset * units..][..units]
}

fn copy_units(words: &[u64], target: &mut [u32]) {
    target.copy_from_slice(&bytemuck::cast_slice(words)[..target.len()]);
}

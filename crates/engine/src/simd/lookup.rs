//! Counting by lookup, for machines that shuffle bytes but do not count the bits of a vector: in how
//! many bits half a byte of a patch differs from half a byte of a filter is an entry of a table of
//! sixteen that belongs to the patch, and one shuffle looks it up for a register full of filters.
//!
//! Per half byte that is a shuffle and an addition, about half of what XOR and a population count
//! by lookup (Muła's) take.
#![allow(unsafe_code)]

use std::{array, marker::PhantomData};

use super::{
    filters::{BitFilters, FilterPart, STRIP, StripNibbles},
    tiles::TileCounter,
};

/// Bytes of a patch after which a sum of 16 bits could overflow: 8191 · 8 < 2¹⁶.
const SPAN: usize = 8191;

/// For every byte that a patch can have, a table of in how many bits its low half differs from each
/// half byte that a filter can have, and one for its high half, each `N / 2` times.
#[repr(align(64))]
pub(super) struct DifferenceTables<const N: usize>([[[u8; 16]; N]; 256]);

impl<const N: usize> DifferenceTables<N> {
    pub(super) const fn new() -> Self {
        let mut tables = [[[0; 16]; N]; 256];
        let mut entry = 0_usize;
        while entry < 256 * N * 16 {
            let (byte, table, filter) = (entry / 16 / N, entry / 16 % N, entry % 16);
            let half = if table < N / 2 { byte % 16 } else { byte / 16 };
            tables[byte][table][filter] = (half ^ filter).count_ones() as u8;
            entry += 1;
        }
        Self(tables)
    }

    /// The tables of one byte.
    #[inline(always)]
    pub(super) fn of(&self, byte: u8) -> &[[u8; 16]; N] {
        &self.0[usize::from(byte)]
    }
}

/// Two tables of 16 bytes a byte.
pub(super) static TABLES: DifferenceTables<2> = DifferenceTables::new();

/// Registers that hold numbers, as many for each filter of a strip.
pub(super) trait LookupVector: Copy {
    /// The tables of a byte in registers.
    type TableVector: Copy;
    /// [`StripNibbles`] in registers.
    type NibbleVector: Copy;

    /// Bytes of a patch after which a sum of bytes could overflow.
    const BLOCK: usize;

    unsafe fn zero() -> Self;
    unsafe fn tables(byte: u8) -> Self::TableVector;
    unsafe fn halves(from: &StripNibbles) -> Self::NibbleVector;
    /// Looks up both halves, and adds what it finds to these bytes.
    unsafe fn add(self, tables: Self::TableVector, halves: Self::NibbleVector) -> Self;
    /// The even bytes and the odd ones as numbers of 16 bits.
    unsafe fn widen(self) -> [Self; 2];
    /// The sums of numbers of 16 bits.
    unsafe fn add_wide(self, other: Self) -> Self;
    /// Numbers of 16 bits, one for each second filter.
    unsafe fn numbers(self) -> [u16; STRIP / 2];
}

/// Counts with the instructions of `V`.
pub(super) struct LookupTile<V>(PhantomData<V>);

impl<V: LookupVector> TileCounter for LookupTile<V> {
    fn groups(filters: &BitFilters) -> usize {
        filters.padded().div_ceil(STRIP)
    }

    #[inline(always)]
    unsafe fn count<const P: usize, const N: usize>(
        patches: [&[u32]; P],
        step: usize,
        filters: &BitFilters,
        part: FilterPart,
        first: usize,
        counts: &mut [u32],
    ) {
        // The lowest byte of a unit comes first on these machines.
        let patches: [&[u8]; P] = patches.map(bytemuck::cast_slice);
        let range = first * STRIP..filters.padded().min((first + N) * STRIP);
        let mut rows = counts.chunks_exact_mut(filters.padded()).map(|row| &mut row[range.clone()]);
        let mut rows: [_; P] = array::from_fn(|_| rows.next().unwrap_or_default());
        rows.iter_mut().for_each(|row| row.fill(0));
        // SAFETY: on a machine with the instructions of `V`, as this function requires, here and below.
        let mut sums = unsafe { [[[V::zero(); 2]; N]; P] };
        let mut added = 0;
        for (row, word) in part.runs().enumerate() {
            let strips: [_; N] = array::from_fn(|strip| filters.strips.get(first + strip, filters));
            let strips = strips.map(|strip| &strip[8 * word..strip.len().min(8 * (word + part.run))]);
            let patches = patches.map(|patch| &patch[4 * row * step..][..strips[0].len()]);
            for block in (0..strips[0].len()).step_by(V::BLOCK) {
                let block = block..strips[0].len().min(block + V::BLOCK);
                added += block.len();
                // SAFETY: as above, and the parts are of the same length.
                unsafe {
                    if added > SPAN {
                        flush(&mut sums, &mut rows);
                        added = block.len();
                    }
                    let patches = patches.map(|patch| &patch[block.clone()]);
                    add_block(patches, strips.map(|strip| &strip[block.clone()]), &mut sums);
                }
            }
        }
        // SAFETY: as above.
        unsafe { flush(&mut sums, &mut rows) };
    }
}

/// Adds the sums to the counts of each patch, and makes them 0.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn flush<V: LookupVector, const P: usize, const N: usize>(
    sums: &mut [[[V; 2]; N]; P],
    counts: &mut [&mut [u32]; P],
) {
    for (counts, sums) in counts.iter_mut().zip(&mut *sums) {
        for (counts, sums) in counts.chunks_mut(STRIP / 2).zip(sums.as_flattened()) {
            // SAFETY: on a machine with the instructions of `V`.
            let sums = unsafe { sums.numbers() };
            counts.iter_mut().zip(sums).for_each(|(count, sum)| *count += u32::from(sum));
        }
    }
    // SAFETY: as above.
    *sums = unsafe { [[[V::zero(); 2]; N]; P] };
}

/// Adds the differences of parts of `P` patches from the same parts of `N` strips.
///
/// # Safety
/// The machine has the instructions of `V`, and all parts have the same length.
#[inline(always)]
unsafe fn add_block<V: LookupVector, const P: usize, const N: usize>(
    patches: [&[u8]; P],
    strips: [&[StripNibbles]; N],
    sums: &mut [[[V; 2]; N]; P],
) {
    // SAFETY: this function's own requirement.
    unsafe {
        let mut block = [[V::zero(); N]; P];
        for byte in 0..strips[0].len() {
            let halves = strips.map(|strip| V::halves(strip.get_unchecked(byte)));
            for (block, patch) in block.iter_mut().zip(patches) {
                let tables = V::tables(*patch.get_unchecked(byte));
                block.iter_mut().zip(halves).for_each(|(sum, halves)| *sum = sum.add(tables, halves));
            }
        }
        for (sums, block) in sums.as_flattened_mut().iter_mut().zip(block.as_flattened()) {
            let wide = block.widen();
            *sums = [sums[0].add_wide(wide[0]), sums[1].add_wide(wide[1])];
        }
    }
}

//! Lookup kernels, for instruction sets that shuffle bytes but do not count the bits of a vector.
//!
//! The number of differing bits of two nibbles is an entry of a table of sixteen that belongs to the patch's
//! nibble; one shuffle looks it up for a register of filters. That is one shuffle and one addition per
//! nibble, about half of the cost of XOR and Muła's population count.
#![allow(unsafe_code)]

use std::{array, marker::PhantomData};

use super::{
    filters::{BitFilters, FilterPart, STRIP, StripNibbles},
    tiles::TileCounter,
};

/// Bytes of a patch after which a 16-bit sum could overflow: 8191 · 8 < 2¹⁶.
const SPAN: usize = 8191;

/// Tables of the differing bits of nibbles: for every byte of a patch, one table for its low nibble and one
/// for its high nibble, each `N / 2` times, indexed by the filter's nibble.
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

    /// Tables of one byte.
    #[inline(always)]
    pub(super) fn of(&self, byte: u8) -> &[[u8; 16]; N] {
        &self.0[usize::from(byte)]
    }
}

/// Tables of 16 bytes each.
pub(super) static TABLES: DifferenceTables<2> = DifferenceTables::new();

/// Registers with as many numbers for each filter of a strip.
///
/// # Safety
/// All methods require a machine with the instructions of the implementor.
pub(super) trait LookupVector: Copy {
    /// Tables of a byte in registers.
    type TableVector: Copy;
    /// [`StripNibbles`] in registers.
    type NibbleVector: Copy;

    /// Bytes of a patch after which a sum of bytes could overflow.
    const BLOCK: usize;

    unsafe fn zero() -> Self;
    unsafe fn tables(byte: u8) -> Self::TableVector;
    unsafe fn halves(from: &StripNibbles) -> Self::NibbleVector;
    /// Looks up both nibbles, and adds the counts to these bytes.
    unsafe fn add(self, tables: Self::TableVector, halves: Self::NibbleVector) -> Self;
    /// Widens the even and the odd bytes to 16 bits.
    unsafe fn widen(self) -> [Self; 2];
    /// Adds 16-bit numbers.
    unsafe fn add_wide(self, other: Self) -> Self;
    /// Returns the 16-bit numbers, one for every second filter.
    unsafe fn numbers(self) -> [u16; STRIP / 2];
}

/// Tile counter with the instructions of `V`.
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
        // The lowest byte of a unit is first on these machines.
        let patches: [&[u8]; P] = patches.map(bytemuck::cast_slice);
        let range = first * STRIP..filters.padded().min((first + N) * STRIP);
        let mut rows = counts.chunks_exact_mut(filters.padded()).map(|row| &mut row[range.clone()]);
        let mut rows: [_; P] = array::from_fn(|_| rows.next().unwrap_or_default());
        rows.iter_mut().for_each(|row| row.fill(0));
        // SAFETY: the machine has the instructions of `V`, as this function requires, here and below.
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

/// Adds the sums to the counts of each patch, and resets them.
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
/// - The machine has the instructions of `V`.
/// - All parts have the same length.
#[inline(always)]
unsafe fn add_block<V: LookupVector, const P: usize, const N: usize>(
    patches: [&[u8]; P],
    strips: [&[StripNibbles]; N],
    sums: &mut [[[V; 2]; N]; P],
) {
    // SAFETY: the caller meets the requirements.
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

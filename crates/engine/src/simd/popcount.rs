//! Population-count kernels, for instruction sets that count the ones of each byte of 128 bits: two filters
//! per instruction.
#![allow(unsafe_code)]

use std::{marker::PhantomData, ops::Range};

use super::{
    filters::{BitFilters, FilterLanes, FilterPart, LANES},
    tiles::TileCounter,
};

/// Registers for a word of each filter of a group.
const PAIRS: usize = LANES / 2;

/// Words after which a sum of bytes could overflow: 31 · 8 < 2⁸.
const BLOCK: usize = 31;

/// A 128-bit register of two words.
///
/// # Safety
/// All methods require a machine with the instructions of the implementor.
pub(super) trait PairVector: Copy {
    unsafe fn load(words: &[u64; 2]) -> Self;
    unsafe fn repeat(word: u64) -> Self;
    /// Adds the differing bits of two registers to these bytes.
    unsafe fn add_differences(self, patch: Self, filter: Self) -> Self;
    /// Adds the bytes of each word to the sums of two words.
    unsafe fn add_to(self, sums: Self) -> Self;
    /// Returns the sums of two words.
    unsafe fn sums(self) -> [u32; 2];
}

/// Tile counter with the instructions of `V`.
pub(super) struct PopcountTile<V>(PhantomData<V>);

impl<V: PairVector> TileCounter for PopcountTile<V> {
    fn groups(filters: &BitFilters) -> usize {
        filters.padded() / LANES
    }

    #[inline(always)]
    unsafe fn count<const P: usize, const G: usize>(
        patches: [&[u32]; P],
        step: usize,
        filters: &BitFilters,
        part: FilterPart,
        first: usize,
        counts: &mut [u32],
    ) {
        let lanes = filters.group(first, G);
        // SAFETY: on a machine with the instructions of `V`, as this function requires, here and below.
        let zero = unsafe { [[[V::repeat(0); PAIRS]; G]; P] };
        let (mut sums, mut bytes, mut added) = (zero, zero, 0);
        for (row, run) in part.runs().enumerate() {
            let (mut word, mut unit, end) = (run, row * step, run + part.run);
            while word < end {
                let block = word..end.min(word + BLOCK - added);
                // SAFETY: the words exist in `P` patches and `G` groups; as above.
                unsafe { add_block(patches, unit, lanes, block.clone(), &mut bytes) };
                (word, added, unit) = (block.end, added + block.len(), unit + 2 * block.len());
                if added == BLOCK {
                    // SAFETY: as above.
                    unsafe { flush(&mut bytes, &mut sums) };
                    added = 0;
                }
            }
        }
        // SAFETY: as above.
        unsafe { flush(&mut bytes, &mut sums) };
        for (row, sums) in counts.chunks_exact_mut(filters.padded()).zip(&sums) {
            let counts = row[first * LANES..].as_chunks_mut().0;
            for (counts, sums) in counts.iter_mut().zip(sums.as_flattened()) {
                // SAFETY: as above.
                *counts = unsafe { sums.sums() };
            }
        }
    }
}

/// Adds the differences of words of `P` patches, from `unit` on, from `words` of `G` groups.
///
/// # Safety
/// - The machine has the instructions of `V`.
/// - Patches and groups have these words.
#[inline(always)]
unsafe fn add_block<V: PairVector, const P: usize, const G: usize>(
    patches: [&[u32]; P],
    unit: usize,
    lanes: &[FilterLanes],
    words: Range<usize>,
    bytes: &mut [[[V; PAIRS]; G]; P],
) {
    let filter_words = lanes.len() / G;
    let mut sums = *bytes;
    for (at, word) in words.enumerate() {
        for group in 0..G {
            // SAFETY: the caller meets the requirements.
            unsafe {
                let pairs = lanes.get_unchecked(group * filter_words + word).0.as_chunks().0;
                for (patch, sums) in patches.iter().zip(&mut sums) {
                    let word = patch.as_ptr().add(unit + 2 * at).cast::<u64>();
                    let bits = V::repeat(word.read_unaligned());
                    for (sum, pair) in sums[group].iter_mut().zip(pairs) {
                        *sum = sum.add_differences(bits, V::load(pair));
                    }
                }
            }
        }
    }
    *bytes = sums;
}

/// Adds the bytes to the sums of words, and resets them.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn flush<V: PairVector, const P: usize, const G: usize>(
    bytes: &mut [[[V; PAIRS]; G]; P],
    sums: &mut [[[V; PAIRS]; G]; P],
) {
    let sums = sums.as_flattened_mut().as_flattened_mut();
    for (sum, bytes) in sums.iter_mut().zip(bytes.as_flattened_mut().as_flattened_mut()) {
        // SAFETY: the caller meets the requirements.
        (*sum, *bytes) = unsafe { (bytes.add_to(*sum), V::repeat(0)) };
    }
}

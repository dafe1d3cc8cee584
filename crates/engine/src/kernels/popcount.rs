//! Counting by population count, for machines that count the ones of each byte of 128 bits: two
//! filters an instruction.
#![allow(unsafe_code)]

use std::{marker::PhantomData, ops::Range};

use super::{BitFilters, LANES, Part, filters::Lanes, tiles::Tile};

/// Registers for a word of each filter of a group.
const PAIRS: usize = LANES / 2;

/// Words after which a sum of bytes could overflow: 31 · 8 < 2⁸.
const BLOCK: usize = 31;

/// A register of 128 bits: two words.
pub(super) trait Pair: Copy {
    unsafe fn load(words: &[u64; 2]) -> Self;
    unsafe fn repeat(word: u64) -> Self;
    /// Adds to these bytes in how many bits those of two registers differ.
    unsafe fn add_differences(self, patch: Self, filter: Self) -> Self;
    /// Adds up the bytes of each word and adds that to sums of two words.
    unsafe fn add_to(self, sums: Self) -> Self;
    /// What the sums of two words are.
    unsafe fn sums(self) -> [u32; 2];
}

/// Counts with the instructions of `V`.
pub(super) struct Popcount<V>(PhantomData<V>);

impl<V: Pair> Tile for Popcount<V> {
    fn groups(filters: &BitFilters) -> usize {
        filters.padded() / LANES
    }

    #[inline(always)]
    unsafe fn count<const P: usize, const G: usize>(
        patches: &[u64],
        filters: &BitFilters,
        part: Part,
        first: usize,
        counts: &mut [u32],
    ) {
        let lanes = filters.group(first, G);
        // SAFETY: on a machine with the instructions of `V`, as this function requires, here and below.
        let zero = unsafe { [[[V::repeat(0); PAIRS]; G]; P] };
        let (mut sums, mut bytes, mut added, mut patch) = (zero, zero, 0, 0);
        for run in part.runs() {
            let (mut word, end) = (run, run + part.run);
            while word < end {
                let block = word..end.min(word + BLOCK - added);
                // SAFETY: the words exist in `P` patches and `G` groups; as above.
                unsafe { add_block(patches, patch, lanes, block.clone(), &mut bytes) };
                (word, added, patch) = (block.end, added + block.len(), patch + block.len());
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

/// Adds the differences of words of `P` patches, from `patch` on, from `words` of `G` groups.
///
/// # Safety
/// The machine has the instructions of `V`, and all have these words.
#[inline(always)]
unsafe fn add_block<V: Pair, const P: usize, const G: usize>(
    patches: &[u64],
    patch: usize,
    lanes: &[Lanes],
    words: Range<usize>,
    bytes: &mut [[[V; PAIRS]; G]; P],
) {
    let (patch_words, filter_words) = (patches.len() / P, lanes.len() / G);
    let mut sums = *bytes;
    for (at, word) in words.enumerate() {
        for group in 0..G {
            // SAFETY: this function's own requirement.
            unsafe {
                let pairs = lanes.get_unchecked(group * filter_words + word).0.as_chunks().0;
                for (position, sums) in sums.iter_mut().enumerate() {
                    let bits = V::repeat(*patches.get_unchecked(position * patch_words + patch + at));
                    for (sum, pair) in sums[group].iter_mut().zip(pairs) {
                        *sum = sum.add_differences(bits, V::load(pair));
                    }
                }
            }
        }
    }
    *bytes = sums;
}

/// Adds the bytes to the sums of words, and makes them 0.
///
/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn flush<V: Pair, const P: usize, const G: usize>(
    bytes: &mut [[[V; PAIRS]; G]; P],
    sums: &mut [[[V; PAIRS]; G]; P],
) {
    let sums = sums.as_flattened_mut().as_flattened_mut();
    for (sum, bytes) in sums.iter_mut().zip(bytes.as_flattened_mut().as_flattened_mut()) {
        // SAFETY: this function's own requirement.
        (*sum, *bytes) = unsafe { (bytes.add_to(*sum), V::repeat(0)) };
    }
}

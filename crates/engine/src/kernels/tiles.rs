//! How the work of counting is cut into parts that fit into registers, the same way for all
//! instruction sets.
#![allow(unsafe_code)]

use super::{BitFilters, Part};

/// What an instruction set counts in registers.
pub(super) trait Tile {
    /// In how many groups the filters are read.
    fn groups(filters: &BitFilters) -> usize;

    /// Counts the differences of `P` patches from a part of `N` groups of filters from `first` on, whose
    /// counts are some of `P` rows.
    ///
    /// # Safety
    /// The machine has the instructions, `patches` holds `P · part.words()` words and `counts`
    /// `P · filters.padded()` numbers, and part and groups exist.
    unsafe fn count<const P: usize, const N: usize>(
        patches: &[u64],
        filters: &BitFilters,
        part: Part,
        first: usize,
        counts: &mut [u32],
    );
}

/// Counts all differences, those of `P` patches and `N` groups of filters at a time as far as there are
/// so many.
///
/// # Safety
/// The machine has the instructions of `T`, and `counts` has `filters.padded()` elements for each
/// patch of `part.words()` words.
#[inline(always)]
pub(super) unsafe fn count_differences<T: Tile, const P: usize, const N: usize>(
    patches: &[u64],
    filters: &BitFilters,
    part: Part,
    counts: &mut [u32],
) {
    let mut first = 0;
    while first < T::groups(filters) {
        // SAFETY: the groups exist, the rest is this function's own requirement.
        unsafe {
            if first + N <= T::groups(filters) {
                all_patches::<T, P, N>(patches, filters, part, first, counts);
                first += N;
            } else {
                all_patches::<T, P, 1>(patches, filters, part, first, counts);
                first += 1;
            }
        }
    }
}

/// All patches against `N` groups of filters from `first` on.
///
/// # Safety
/// That of [`count_differences`], and the groups exist.
#[inline(always)]
unsafe fn all_patches<T: Tile, const P: usize, const N: usize>(
    patches: &[u64],
    filters: &BitFilters,
    part: Part,
    first: usize,
    counts: &mut [u32],
) {
    let (words, row) = (part.words(), filters.padded());
    let whole = patches.len() / words / P * P;
    let (tiles, rest) = patches.split_at(whole * words);
    let (tile_counts, rest_counts) = counts.split_at_mut(whole * row);
    for (patches, counts) in tiles.chunks_exact(P * words).zip(tile_counts.chunks_exact_mut(P * row)) {
        // SAFETY: `P` patches and their counts; the rest is this function's own requirement.
        unsafe { T::count::<P, N>(patches, filters, part, first, counts) };
    }
    let pairs = rest.chunks_exact(2 * words).zip(rest_counts.chunks_exact_mut(2 * row));
    for (patches, counts) in pairs {
        // SAFETY: the same for two patches.
        unsafe { T::count::<2, N>(patches, filters, part, first, counts) };
    }
    let done = rest.len() / words / 2 * 2;
    let (rest, rest_counts) = (&rest[done * words..], &mut rest_counts[done * row..]);
    for (patch, counts) in rest.chunks_exact(words).zip(rest_counts.chunks_exact_mut(row)) {
        // SAFETY: the same for one patch.
        unsafe { T::count::<1, N>(patch, filters, part, first, counts) };
    }
}

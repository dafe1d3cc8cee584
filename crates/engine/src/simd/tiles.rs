//! Register tiling of the counting kernels, shared by all instruction sets.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use super::filters::{BitFilters, BitPatches, FilterPart};

/// Counter of one register tile.
pub(super) trait TileCounter {
    /// Number of groups in which filters are read.
    fn groups(filters: &BitFilters) -> usize;

    /// Counts the differing bits of `P` patches and a part of `N` groups of filters from `first` on, and
    /// writes some of the counts of `P` rows.
    ///
    /// # Safety
    /// - The machine has the instructions.
    /// - Each of `patches` holds all runs of `part`, which begin every `step` units.
    /// - `counts` has `P · filters.padded()` elements.
    /// - Part and groups exist.
    unsafe fn count<const P: usize, const N: usize>(
        patches: [&[u32]; P],
        step: usize,
        filters: &BitFilters,
        part: FilterPart,
        first: usize,
        counts: &mut [u32],
    );
}

/// Visitor of register tiles.
pub(super) trait TileVisitor {
    /// Processes `P` patches from `patch` on and `N` groups of filters from `group` on.
    ///
    /// # Safety
    /// - The machine has the instructions.
    /// - Patches and groups exist.
    unsafe fn tile<const P: usize, const N: usize>(&mut self, patch: usize, group: usize);
}

/// Visits tiles of `P` patches and `N` groups, and the rest in smaller ones: two patches or one, one group.
///
/// # Safety
/// - The machine has the instructions of `V`.
/// - All patches and groups exist.
#[inline(always)]
pub(super) unsafe fn visit<V: TileVisitor, const P: usize, const N: usize>(
    visit: &mut V,
    patches: usize,
    groups: usize,
) {
    let mut group = 0;
    while group < groups {
        // SAFETY: the groups exist, the caller meets the other requirements.
        unsafe {
            if group + N <= groups {
                visit_patches::<V, P, N>(visit, patches, group);
                group += N;
            } else {
                visit_patches::<V, P, 1>(visit, patches, group);
                group += 1;
            }
        }
    }
}

/// Visits all patches with `N` groups of filters from `group` on.
///
/// # Safety
/// - The machine has the instructions of `V`.
/// - All patches and these groups exist.
#[inline(always)]
unsafe fn visit_patches<V: TileVisitor, const P: usize, const N: usize>(
    visit: &mut V,
    patches: usize,
    group: usize,
) {
    let mut patch = 0;
    while patch < patches {
        // SAFETY: the patches exist, the caller meets the other requirements.
        unsafe {
            if patch + P <= patches {
                visit.tile::<P, N>(patch, group);
                patch += P;
            } else if patch + 2 <= patches {
                visit.tile::<2, N>(patch, group);
                patch += 2;
            } else {
                visit.tile::<1, N>(patch, group);
                patch += 1;
            }
        }
    }
}

/// Visitor that counts the differences of every tile.
struct CountVisitor<'a, T> {
    patches: BitPatches<'a>,
    filters: &'a BitFilters,
    part: FilterPart,
    counts: &'a mut [u32],
    by: PhantomData<T>,
}

impl<T: TileCounter> TileVisitor for CountVisitor<'_, T> {
    #[inline(always)]
    unsafe fn tile<const P: usize, const N: usize>(&mut self, patch: usize, group: usize) {
        let row = self.filters.padded();
        let counts = &mut self.counts[patch * row..(patch + P) * row];
        // SAFETY: `P` patches and their counts; the caller meets the other requirements.
        unsafe {
            T::count::<P, N>(
                self.patches.from(patch),
                self.patches.step,
                self.filters,
                self.part,
                group,
                counts,
            );
        }
    }
}

/// Counts the differing bits of all patches and filters, in tiles of `P` patches and `N` groups.
///
/// # Safety
/// - The machine has the instructions of `T`.
/// - The patches hold the part, which exists.
/// - `counts` has `filters.padded()` elements per patch.
#[inline(always)]
pub(super) unsafe fn count_differences<T: TileCounter, const P: usize, const N: usize>(
    patches: BitPatches<'_>,
    filters: &BitFilters,
    part: FilterPart,
    counts: &mut [u32],
) {
    let number = patches.count();
    let mut count = CountVisitor { patches, filters, part, counts, by: PhantomData::<T> };
    // SAFETY: so many patches and groups exist, the caller meets the other requirements.
    unsafe { visit::<_, P, N>(&mut count, number, T::groups(filters)) };
}

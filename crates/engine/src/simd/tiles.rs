//! How the work of counting is cut into parts that fit into registers, the same way for all
//! instruction sets.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use super::filters::{BitFilters, BitPatches, FilterPart};

/// What an instruction set counts in registers.
pub(super) trait TileCounter {
    /// In how many groups the filters are read.
    fn groups(filters: &BitFilters) -> usize;

    /// Counts the differences of `P` patches from a part of `N` groups of filters from `first` on, whose
    /// counts are some of `P` rows.
    ///
    /// # Safety
    /// The machine has the instructions, each of `patches` holds all the runs of `part`, which begin every
    /// `step` units, `counts` holds `P · filters.padded()` numbers, and part and groups exist.
    unsafe fn count<const P: usize, const N: usize>(
        patches: [&[u32]; P],
        step: usize,
        filters: &BitFilters,
        part: FilterPart,
        first: usize,
        counts: &mut [u32],
    );
}

/// Something that is done to every tile.
pub(super) trait TileVisitor {
    /// Does it to `P` patches from `patch` on and `N` groups of filters from `group` on.
    ///
    /// # Safety
    /// The machine has the instructions, and patches and groups exist.
    unsafe fn tile<const P: usize, const N: usize>(&mut self, patch: usize, group: usize);
}

/// Visits tiles of `P` patches and `N` groups as far as there are so many, and what is left over in
/// smaller ones: two patches or one, one group.
///
/// # Safety
/// The machine has the instructions of `V`, and all the patches and groups exist.
#[inline(always)]
pub(super) unsafe fn visit<V: TileVisitor, const P: usize, const N: usize>(
    visit: &mut V,
    patches: usize,
    groups: usize,
) {
    let mut group = 0;
    while group < groups {
        // SAFETY: the groups exist, the rest is this function's own requirement.
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

/// All patches, with `N` groups of filters from `group` on.
///
/// # Safety
/// That of [`visit`], and the groups exist.
#[inline(always)]
unsafe fn visit_patches<V: TileVisitor, const P: usize, const N: usize>(
    visit: &mut V,
    patches: usize,
    group: usize,
) {
    let mut patch = 0;
    while patch < patches {
        // SAFETY: the patches exist, the rest is this function's own requirement.
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

/// Counts the differences of every tile.
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
        // SAFETY: `P` patches and their counts; the rest is this function's own requirement.
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

/// Counts all differences, those of `P` patches and `N` groups of filters at a time as far as there are
/// so many.
///
/// # Safety
/// The machine has the instructions of `T`, the patches hold the part, which exists, and `counts` has
/// `filters.padded()` elements for each.
#[inline(always)]
pub(super) unsafe fn count_differences<T: TileCounter, const P: usize, const N: usize>(
    patches: BitPatches<'_>,
    filters: &BitFilters,
    part: FilterPart,
    counts: &mut [u32],
) {
    let number = patches.count();
    let mut count = CountVisitor { patches, filters, part, counts, by: PhantomData::<T> };
    // SAFETY: so many patches and groups exist, the rest is this function's own requirement.
    unsafe { visit::<_, P, N>(&mut count, number, T::groups(filters)) };
}

//! Kernels for AVX-512 with VPOPCNTDQ: 512 bits, one word of eight filters, per instruction.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    aligned_buffer::AlignedBuffer,
    bit_encoding::{BitEncoding, UNIT, planes_of, toggled_planes, units},
    filters::{BitFilters, FilterPart, LANES},
    isa::Isa,
    kernel_set::kernel_set,
    loops,
    operands::{DotProducts, GatherRuns, PatchComparison},
    tiles::{self, TileCounter, TileVisitor},
};

/// Positions and groups of filters of a register tile: 16 sums, 4 filters, 1 patch word.
const TILE: usize = 4;

kernel_set! {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,popcnt")]
    Avx512Isa = Isa::Avx512;
    load_bits = 16 * 512;
    gather = gather_masked;
    count_differences = tiles::count_differences::<Avx512Tile, TILE, TILE>;
    popcount_load = popcount_registers;
    compare_dot_products = dot_products_to_bits;
    at_least = |values, at| at_least(values, at);
    sum_weight_rows = loops::sum_weight_rows::<64>;
}

impl Avx512Isa {
    /// Compares the real outputs of patches with thresholds while they are in registers.
    ///
    /// # Safety
    /// - All slices per filter have `filters.padded()` elements, and there is a total for every patch.
    /// - Every patch holds all runs of `part`, which lies within the filters.
    /// - `bits` has [`units`] for every patch and plane.
    pub(super) unsafe fn compare_patches(self, compared: &PatchComparison<'_>, bits: &mut [u32]) {
        // SAFETY: `self` proves that this machine has the instructions; the caller meets the other requirements.
        unsafe { compare_tiles(compared, bits) }
    }
}

struct Avx512Tile;

impl TileCounter for Avx512Tile {
    fn groups(filters: &BitFilters) -> usize {
        filters.padded() / LANES
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq")]
    #[inline]
    unsafe fn count<const P: usize, const G: usize>(
        patches: [&[u32]; P],
        step: usize,
        filters: &BitFilters,
        part: FilterPart,
        first: usize,
        counts: &mut [u32],
    ) {
        // SAFETY: the caller meets the requirements.
        let sums = unsafe { differences::<P, G>(patches, step, ONE_PLANE, filters, part, first) };
        for (position, sums) in sums.iter().enumerate() {
            for (group, &sum) in sums.iter().enumerate() {
                store(sum, &mut counts[position * filters.padded() + (first + group) * LANES..]);
            }
        }
    }
}

/// Number of planes, and units between planes.
type PlaneLayout = (usize, usize);

const ONE_PLANE: PlaneLayout = (1, 0);

/// Counts the differing bits of `P` patches and a part of `G` groups of filters from `first` on, with plane
/// `j` weighted by `2ʲ`.
///
/// # Safety
/// - Each of `patches` holds all runs of `part`, which begin every `step` units, in every plane.
/// - Part and groups exist.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
#[inline]
unsafe fn differences<const P: usize, const G: usize>(
    patches: [&[u32]; P],
    step: usize,
    (planes, plane_step): PlaneLayout,
    filters: &BitFilters,
    part: FilterPart,
    first: usize,
) -> [[__m512i; G]; P] {
    let (words, lanes) = (filters.words(), filters.group(first, G).as_ptr());
    let mut sums = [[_mm512_setzero_si512(); G]; P];
    for plane in (0..planes).rev() {
        if plane + 1 < planes {
            sums.as_flattened_mut().iter_mut().for_each(|sum| *sum = _mm512_add_epi64(*sum, *sum));
        }
        for (row, run) in part.runs().enumerate() {
            let begin = plane * plane_step + row * step;
            // SAFETY: the patches hold this run.
            let runs = unsafe { patches.map(|patch| patch.as_ptr().add(begin).cast::<u64>()) };
            for word in 0..part.run {
                let mut filter = [_mm512_setzero_si512(); G];
                for (group, filter) in filter.iter_mut().enumerate() {
                    // SAFETY: inside the `G · words` lanes, and `FilterLanes` is aligned to 64 bytes.
                    *filter = unsafe { _mm512_load_si512(lanes.add(group * words + run + word).cast()) };
                }
                for (sums, run) in sums.iter_mut().zip(runs) {
                    // SAFETY: a word of this run.
                    let bits = _mm512_set1_epi64(unsafe { run.add(word).read_unaligned() } as i64);
                    for (sum, filter) in sums.iter_mut().zip(filter) {
                        *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(_mm512_xor_si512(bits, filter)));
                    }
                }
            }
        }
    }
    sums
}

/// # Safety
/// Those of [`Avx512Isa::compare_patches`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,popcnt")]
unsafe fn compare_tiles(compared: &PatchComparison<'_>, bits: &mut [u32]) {
    let groups = compared.filters.padded() / LANES;
    let (units, patches) = (units(compared.filters.padded()), compared.totals.len());
    // SAFETY: there is a total for each patch, and so many groups.
    unsafe {
        if compared.patches.planes == 1 && compared.thresholds.len() == 1 {
            tiles::visit::<_, TILE, TILE>(
                &mut CompareVisitor::<true> { compared, bits, units },
                patches,
                groups,
            );
        } else {
            tiles::visit::<_, TILE, TILE>(
                &mut CompareVisitor::<false> { compared, bits, units },
                patches,
                groups,
            );
        }
    }
}

/// Compares the sums of every tile while they are in registers. With `SIGNS`, patches and results have one
/// plane.
struct CompareVisitor<'a, const SIGNS: bool> {
    compared: &'a PatchComparison<'a>,
    bits: &'a mut [u32],
    /// Units per patch and plane.
    units: usize,
}

impl<const SIGNS: bool> TileVisitor for CompareVisitor<'_, SIGNS> {
    #[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq")]
    #[inline]
    unsafe fn tile<const P: usize, const G: usize>(&mut self, patch: usize, group: usize) {
        let PatchComparison { patches, filters, part, totals, base, dot_factor, sum_factor, thresholds } =
            *self.compared;
        // SAFETY: patches and groups exist.
        let sums = unsafe {
            let planes = if SIGNS { ONE_PLANE } else { (patches.planes, patches.step) };
            differences::<P, G>(patches.first.from(patch), patches.first.step, planes, filters, part, group)
        };
        let totals: [_; P] = std::array::from_fn(|position| _mm512_set1_ps(totals[patch + position]));
        // Bits of every plane, of which there is one for signs.
        let mut found = [[0; BitEncoding::MAX_PLANES]; P];
        let thresholds = if SIGNS { &thresholds[..1] } else { thresholds };
        for pair in (0..G).step_by(2) {
            let first = (group + pair) * LANES;
            let lanes = first_lanes((G - pair) * LANES);
            // SAFETY: the mask keeps every load inside slices that have an element a filter.
            let (base, dot_factor, sum_factor) = unsafe {
                (
                    _mm512_maskz_loadu_epi32(lanes, base[first..].as_ptr()),
                    _mm512_maskz_loadu_ps(lanes, dot_factor[first..].as_ptr()),
                    _mm512_maskz_loadu_ps(lanes, sum_factor[first..].as_ptr()),
                )
            };
            for ((sums, total), found) in sums.iter().zip(totals).zip(&mut found) {
                let counts = low_halves(sums[pair], sums[(pair + 1).min(G - 1)]);
                let dot = _mm512_cvtepi32_ps(_mm512_sub_epi32(base, _mm512_add_epi32(counts, counts)));
                let value = _mm512_add_ps(_mm512_mul_ps(dot_factor, dot), _mm512_mul_ps(sum_factor, total));
                for (reached, at) in thresholds.iter().enumerate() {
                    // SAFETY: the mask keeps the load inside a slice that has an element a filter.
                    let at = unsafe { _mm512_maskz_loadu_ps(lanes, at[first..].as_ptr()) };
                    let bits = u32::from(_mm512_mask_cmp_ps_mask::<_CMP_GE_OQ>(lanes, value, at));
                    let changing = &mut found[..toggled_planes(reached + 1)];
                    changing.iter_mut().for_each(|found| *found ^= bits << (pair * LANES));
                }
            }
        }
        let planes = if SIGNS { 1 } else { planes_of(thresholds.len()) };
        for (position, found) in found.into_iter().enumerate() {
            for (plane, found) in found[..planes].iter().enumerate() {
                let unit = ((patch + position) * planes + plane) * self.units + group * LANES / UNIT;
                let unit = &mut self.bits[unit];
                // The first groups of a unit clear what was there.
                let place = group * LANES % UNIT;
                *unit = if place == 0 { *found } else { *unit | found << place };
            }
        }
    }
}

/// Packs the low halves of eight numbers each.
#[target_feature(enable = "avx512f")]
#[inline]
fn low_halves(a: __m512i, b: __m512i) -> __m512i {
    let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    _mm512_permutex2var_epi32(a, even, b)
}

/// Gathers runs with masked loads; they are so short that the setup of a copy and a count would dominate.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn gather_masked(source: &[u32], runs: GatherRuns, target: &mut [u32]) -> u32 {
    let mut ones = _mm512_setzero_si512();
    for run in 0..runs.count {
        let source = &source[run * runs.from_step..][..runs.len];
        let target = &mut target[run * runs.to_step..][..runs.len];
        for first in (0..runs.len).step_by(16) {
            let lanes = first_lanes(runs.len - first);
            // SAFETY: the mask keeps both inside slices of `runs.len` units.
            let units = unsafe {
                let units = _mm512_maskz_loadu_epi32(lanes, source.as_ptr().add(first).cast());
                _mm512_mask_storeu_epi32(target.as_mut_ptr().add(first).cast(), lanes, units);
                units
            };
            ones = _mm512_add_epi64(ones, _mm512_popcnt_epi64(units));
        }
    }
    _mm512_reduce_add_epi64(ones) as u32
}

/// Stores eight sums.
#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
pub(super) fn store(sums: __m512i, counts: &mut [u32]) {
    let counts = counts[..LANES].as_mut_ptr();
    // SAFETY: eight numbers.
    unsafe { _mm256_storeu_si256(counts.cast(), _mm512_cvtepi64_epi32(sums)) };
}

/// Runs `rounds` of XOR, population count and addition on sixteen registers, as many as a tile has sums,
/// which hides the latency of the instructions.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn popcount_registers(rounds: usize) -> u64 {
    let mut sums = [_mm512_set1_epi64(0x9e37_79b9); TILE * TILE];
    for round in 0..rounds {
        let filter = _mm512_set1_epi64(round as i64);
        for sum in &mut sums {
            *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(_mm512_xor_si512(*sum, filter)));
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ _mm512_reduce_add_epi64(sum) as u64)
}

/// Compares dot products with thresholds.
///
/// # Safety
/// - All slices of `sums` are as long as each of the thresholds.
/// - `out` has a bit for each element in every plane.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn dot_products_to_bits(
    sums: DotProducts<'_>,
    thresholds: &[AlignedBuffer<f32>],
    out: &mut [u32],
) {
    let total = _mm512_set1_ps(sums.total);
    let (filters, units) = (sums.base.len(), out.len() / planes_of(thresholds.len()));
    out.fill(0);
    for first in (0..filters).step_by(16) {
        let lanes = first_lanes(filters - first);
        // SAFETY: the mask keeps every load inside slices that all have an element a filter.
        let (counts, base, dot_factor, sum_factor) = unsafe {
            (
                _mm512_maskz_loadu_epi32(lanes, sums.counts.as_ptr().add(first).cast()),
                _mm512_maskz_loadu_epi32(lanes, sums.base.as_ptr().add(first)),
                _mm512_maskz_loadu_ps(lanes, sums.dot_factor.as_ptr().add(first)),
                _mm512_maskz_loadu_ps(lanes, sums.sum_factor.as_ptr().add(first)),
            )
        };
        let dot = _mm512_cvtepi32_ps(_mm512_sub_epi32(base, _mm512_add_epi32(counts, counts)));
        let value = _mm512_add_ps(_mm512_mul_ps(dot_factor, dot), _mm512_mul_ps(sum_factor, total));
        for (reached, at) in thresholds.iter().enumerate() {
            // SAFETY: as above.
            let at = unsafe { _mm512_maskz_loadu_ps(lanes, at.as_ptr().add(first)) };
            let bits = u32::from(_mm512_mask_cmp_ps_mask::<_CMP_GE_OQ>(lanes, value, at)) << (first % UNIT);
            for plane in 0..toggled_planes(reached + 1) {
                out[plane * units + first / UNIT] ^= bits;
            }
        }
    }
}

/// Returns one bit for each of up to 32 values: 1 if it is at least its threshold.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn at_least(values: &[f32], at: &[f32]) -> u32 {
    let mut bits = 0;
    for first in (0..values.len().min(at.len())).step_by(16) {
        let lanes = first_lanes(values.len().min(at.len()) - first);
        // SAFETY: the mask keeps the loads inside both slices.
        let (values, at) = unsafe {
            (
                _mm512_maskz_loadu_ps(lanes, values.as_ptr().add(first)),
                _mm512_maskz_loadu_ps(lanes, at.as_ptr().add(first)),
            )
        };
        bits |= u32::from(_mm512_mask_cmp_ps_mask::<_CMP_GE_OQ>(lanes, values, at)) << first;
    }
    bits
}

/// Mask of the first `left` of sixteen lanes, or of all.
fn first_lanes(left: usize) -> __mmask16 {
    if left >= 16 { u16::MAX } else { (1 << left) - 1 }
}

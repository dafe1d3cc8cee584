//! AVX-512 with VPOPCNTDQ: 512 bits, eight filters, an instruction.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    BitFilters, LANES, Part, Sums, Tap, scalar,
    tiles::{self, Tile},
};

/// Positions and groups of filters of a register tile: 16 sums, 4 filters, 1 patch word.
const TILE: usize = 4;

kernels! {
    "avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,popcnt";
    gather = scalar::gather;
    count_differences = tiles::count_differences::<Avx512, 2, TILE>;
    busy = busy_registers;
    compare_sums = sums_to_bits;
    at_least = |values, at| at_least(values, at);
    sum_rows = scalar::sum_rows_by::<64>;
    select_sums = scalar::select_sums;
}

struct Avx512;

impl Tile for Avx512 {
    fn groups(filters: &BitFilters) -> usize {
        filters.padded() / LANES
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq")]
    #[inline]
    unsafe fn count<const P: usize, const G: usize>(
        patches: &[u64],
        filters: &BitFilters,
        part: Part,
        first: usize,
        counts: &mut [u32],
    ) {
        let (words, patch_words) = (filters.words(), part.words());
        let (mut patch, lanes) = (patches.as_ptr(), filters.group(first, G).as_ptr());
        let mut sums = [[_mm512_setzero_si512(); G]; P];
        for run in part.runs() {
            for word in run..run + part.run {
                let mut filter = [_mm512_setzero_si512(); G];
                for (group, filter) in filter.iter_mut().enumerate() {
                    // SAFETY: inside the `G · words` lanes, and `Lanes` is aligned to 64 bytes.
                    *filter = unsafe { _mm512_load_si512(lanes.add(group * words + word).cast()) };
                }
                for (position, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: inside the `P · patch_words` words.
                    let bits = _mm512_set1_epi64(unsafe { *patch.add(position * patch_words) } as i64);
                    for (sum, filter) in sums.iter_mut().zip(filter) {
                        *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(_mm512_xor_si512(bits, filter)));
                    }
                }
                // SAFETY: at most one past the end.
                patch = unsafe { patch.add(1) };
            }
        }
        for (position, sums) in sums.iter().enumerate() {
            for (group, &sum) in sums.iter().enumerate() {
                store(sum, &mut counts[position * filters.padded() + (first + group) * LANES..]);
            }
        }
    }
}

/// Writes eight sums.
#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
pub(super) fn store(sums: __m512i, counts: &mut [u32]) {
    let counts = counts[..LANES].as_mut_ptr();
    // SAFETY: eight numbers.
    unsafe { _mm256_storeu_si256(counts.cast(), _mm512_cvtepi64_epi32(sums)) };
}

/// `rounds` times sixteen registers, as many as a tile has sums, which is enough to hide what an
/// instruction takes to finish.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn busy_registers(rounds: usize) -> u64 {
    let mut sums = [_mm512_set1_epi64(0x9e37_79b9); TILE * TILE];
    for round in 0..rounds {
        let filter = _mm512_set1_epi64(round as i64);
        for sum in &mut sums {
            *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(_mm512_xor_si512(*sum, filter)));
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ _mm512_reduce_add_epi64(sum) as u64)
}

/// # Safety
/// All of `sums` are as long as `at`, and `out` has a bit for each.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn sums_to_bits(sums: Sums<'_>, at: &[f32], out: &mut [u64]) {
    let total = _mm512_set1_ps(sums.total);
    out.fill(0);
    for first in (0..at.len()).step_by(16) {
        let lanes = first_lanes(at.len() - first);
        // SAFETY: the mask keeps every load inside slices that are all as long as `at`.
        let (counts, base, slope, lift, at) = unsafe {
            (
                _mm512_maskz_loadu_epi32(lanes, sums.counts.as_ptr().add(first).cast()),
                _mm512_maskz_loadu_epi32(lanes, sums.base.as_ptr().add(first)),
                _mm512_maskz_loadu_ps(lanes, sums.slope.as_ptr().add(first)),
                _mm512_maskz_loadu_ps(lanes, sums.lift.as_ptr().add(first)),
                _mm512_maskz_loadu_ps(lanes, at.as_ptr().add(first)),
            )
        };
        let dot = _mm512_cvtepi32_ps(_mm512_sub_epi32(base, _mm512_add_epi32(counts, counts)));
        let value = _mm512_add_ps(_mm512_mul_ps(slope, dot), _mm512_mul_ps(lift, total));
        let bits = _mm512_mask_cmp_ps_mask::<_CMP_GE_OQ>(lanes, value, at);
        out[first / 64] |= u64::from(bits) << (first % 64);
    }
}

/// One bit for each of up to 32 numbers: whether it is at least the other.
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

/// The first `left` of sixteen lanes, or all of them.
fn first_lanes(left: usize) -> __mmask16 {
    if left >= 16 { u16::MAX } else { (1 << left) - 1 }
}

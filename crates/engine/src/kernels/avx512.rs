//! AVX-512 with VPOPCNTDQ: 512 bits, eight filters, an instruction.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{BitFilters, LANES, Sums, Tap, filters::Lanes, scalar};

/// Positions and groups of filters of a register tile: 16 sums, 4 filters, 1 patch word.
const TILE: usize = 4;

/// Defines a safe function of the same signature as one compiled for these instructions.
macro_rules! checked {
    ($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?, $inner:ident) => {
        pub(super) fn $name($($argument: $type),*) $(-> $result)? {
            // SAFETY: `Kernels` reaches this file only on a machine that has these instructions,
            // and checks the lengths that the function names as its requirements.
            unsafe { $inner($($argument),*) }
        }
    };
}

checked!(count_differences(patches: &[u64], filters: &BitFilters, counts: &mut [u32]), differences);
checked!(busy(rounds: usize) -> u64, busy_registers);
checked!(count_ones(words: &[u64]) -> u32, ones);
checked!(compare_sums(sums: Sums<'_>, at: &[f32], out: &mut [u64]), sums_to_bits);
checked!(scale_sums(sums: Sums<'_>, out: &mut [f32]), sums_to_floats);
checked!(compare_values(values: &[f32], sign: &[f32], at: &[f32], out: &mut [u64]), values_to_bits);
checked!(sum_rows(taps: &[Tap], first: u32, weights: &[f32], out: &mut [f32]), rows);

/// # Safety
/// `counts` has `filters.padded()` elements for each patch of `filters.words()` words.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
unsafe fn differences(patches: &[u64], filters: &BitFilters, counts: &mut [u32]) {
    let mut group = 0;
    while group < filters.groups() {
        let width = if group + TILE <= filters.groups() { TILE } else { 1 };
        match width {
            // SAFETY: the groups exist, the rest is this function's own requirement.
            TILE => unsafe { strip::<TILE>(patches, filters, group, counts) },
            // SAFETY: as above.
            _ => unsafe { strip::<1>(patches, filters, group, counts) },
        }
        group += width;
    }
}

/// All patches against groups `first..first + G`.
///
/// # Safety
/// That of [`differences`], and the groups exist.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
unsafe fn strip<const G: usize>(patches: &[u64], filters: &BitFilters, first: usize, counts: &mut [u32]) {
    let (words, stride) = (filters.words(), filters.padded());
    let lanes = filters.group(first, G).as_ptr();
    let count = patches.len() / words;
    let mut position = 0;
    while position < count {
        let left = count - position;
        // SAFETY: `position` is a patch, so both offsets are inside their slices.
        let (patch, out) = unsafe {
            (
                patches.as_ptr().add(position * words),
                counts.as_mut_ptr().add(position * stride + first * LANES),
            )
        };
        if left >= TILE {
            // SAFETY: `TILE` patches of `words` words, `G` groups of `words` lanes and as many
            // rows of counts follow these pointers.
            unsafe { tile::<TILE, G>(patch, lanes, words, out, stride) };
            position += TILE;
        } else {
            // SAFETY: the same for one patch.
            unsafe { tile::<1, G>(patch, lanes, words, out, stride) };
            position += 1;
        }
    }
}

/// `P` patches against `G` groups, all sums in registers.
///
/// # Safety
/// `patch` points to `P · words` words, `lanes` to `G · words` lanes, and `counts` to `P` rows of
/// `stride` numbers of which the first `G · LANES` are written.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
#[inline]
unsafe fn tile<const P: usize, const G: usize>(
    patch: *const u64,
    lanes: *const Lanes,
    words: usize,
    counts: *mut u32,
    stride: usize,
) {
    let mut sums = [[_mm512_setzero_si512(); G]; P];
    for word in 0..words {
        let mut filter = [_mm512_setzero_si512(); G];
        for (group, filter) in filter.iter_mut().enumerate() {
            // SAFETY: inside the `G · words` lanes, and `Lanes` is aligned to 64 bytes.
            *filter = unsafe { _mm512_load_si512(lanes.add(group * words + word).cast()) };
        }
        for (position, sums) in sums.iter_mut().enumerate() {
            // SAFETY: inside the `P · words` words.
            let bits = _mm512_set1_epi64(unsafe { *patch.add(position * words + word) } as i64);
            for (sum, filter) in sums.iter_mut().zip(filter) {
                *sum = _mm512_add_epi64(*sum, _mm512_popcnt_epi64(_mm512_xor_si512(bits, filter)));
            }
        }
    }
    for (position, sums) in sums.iter().enumerate() {
        for (group, &sum) in sums.iter().enumerate() {
            // SAFETY: eight numbers inside row `position`.
            unsafe {
                let out = counts.add(position * stride + group * LANES);
                _mm256_storeu_si256(out.cast(), _mm512_cvtepi64_epi32(sum));
            }
        }
    }
}

/// `rounds` times sixteen registers, as many as a [`tile`] has sums, which is enough to hide what an
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

#[target_feature(enable = "popcnt")]
fn ones(words: &[u64]) -> u32 {
    scalar::count_ones(words)
}

/// # Safety
/// All of `sums` are as long as `at`, and `out` has a bit for each.
#[target_feature(enable = "avx512f")]
unsafe fn sums_to_bits(sums: Sums<'_>, at: &[f32], out: &mut [u64]) {
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

#[target_feature(enable = "avx512f,avx512vl,avx512dq")]
fn sums_to_floats(sums: Sums<'_>, out: &mut [f32]) {
    scalar::scale_sums(sums, out);
}

/// # Safety
/// `sign` and `at` are as long as `values`, and `out` has a bit for each.
#[target_feature(enable = "avx512f")]
unsafe fn values_to_bits(values: &[f32], sign: &[f32], at: &[f32], out: &mut [u64]) {
    out.fill(0);
    for first in (0..values.len()).step_by(16) {
        let lanes = first_lanes(values.len() - first);
        // SAFETY: the mask keeps every load inside slices that are all as long as `values`.
        let (value, sign, at) = unsafe {
            (
                _mm512_maskz_loadu_ps(lanes, values.as_ptr().add(first)),
                _mm512_maskz_loadu_ps(lanes, sign.as_ptr().add(first)),
                _mm512_maskz_loadu_ps(lanes, at.as_ptr().add(first)),
            )
        };
        let bits = _mm512_mask_cmp_ps_mask::<_CMP_GE_OQ>(lanes, _mm512_mul_ps(value, sign), at);
        out[first / 64] |= u64::from(bits) << (first % 64);
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512dq")]
fn rows(taps: &[Tap], first: u32, weights: &[f32], out: &mut [f32]) {
    scalar::sum_rows_by::<64>(taps, first, weights, out);
}

/// The first `left` of sixteen lanes, or all of them.
fn first_lanes(left: usize) -> __mmask16 {
    if left >= 16 { u16::MAX } else { (1 << left) - 1 }
}

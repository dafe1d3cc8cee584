//! AVX2: popcount by a table of nibbles (Muła), four filters an instruction.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{BitFilters, LANES, Sums, Tap, filters::Lanes, scalar};

/// Positions of a register tile: 4 sums of bytes, 2 filters, the table, the mask.
const TILE: usize = 2;

/// Words after which a sum of bytes could overflow: 31 · 8 < 256.
const BLOCK: usize = 31;

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
#[target_feature(enable = "avx2")]
unsafe fn differences(patches: &[u64], filters: &BitFilters, counts: &mut [u32]) {
    let (words, stride) = (filters.words(), filters.padded());
    let count = patches.len() / words;
    for group in 0..filters.groups() {
        let lanes = filters.group(group, 1);
        let mut position = 0;
        while position < count {
            // SAFETY: `position` is a patch, so both offsets are inside their slices.
            let (patch, out) = unsafe {
                (
                    patches.as_ptr().add(position * words),
                    counts.as_mut_ptr().add(position * stride + group * LANES),
                )
            };
            if count - position >= TILE {
                // SAFETY: `TILE` patches of `words` words and as many rows of counts follow.
                unsafe { tile::<TILE>(patch, lanes, out, stride) };
                position += TILE;
            } else {
                // SAFETY: the same for one patch.
                unsafe { tile::<1>(patch, lanes, out, stride) };
                position += 1;
            }
        }
    }
}

/// `P` patches against one group, all sums in registers.
///
/// # Safety
/// `patch` points to `P · lanes.len()` words, and `counts` to `P` rows of `stride` numbers of
/// which the first `LANES` are written.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn tile<const P: usize>(patch: *const u64, lanes: &[Lanes], counts: *mut u32, stride: usize) {
    let zero = _mm256_setzero_si256();
    let mut sums = [[zero; 2]; P];
    for (block, part) in lanes.chunks(BLOCK).enumerate() {
        let mut bytes = [[zero; 2]; P];
        for (word, lane) in part.iter().enumerate() {
            let lane = lane.0.as_ptr();
            // SAFETY: each half of the eight words is 256 bits, and `Lanes` is aligned to 512.
            let filters =
                unsafe { [_mm256_load_si256(lane.cast()), _mm256_load_si256(lane.add(LANES / 2).cast())] };
            for (position, bytes) in bytes.iter_mut().enumerate() {
                // SAFETY: inside the `P · lanes.len()` words.
                let word = unsafe { *patch.add(position * lanes.len() + block * BLOCK + word) };
                let bits = _mm256_set1_epi64x(word as i64);
                for (bytes, filter) in bytes.iter_mut().zip(filters) {
                    *bytes = _mm256_add_epi8(*bytes, ones_per_byte(_mm256_xor_si256(bits, filter)));
                }
            }
        }
        for (sums, bytes) in sums.iter_mut().flatten().zip(bytes.iter().flatten()) {
            *sums = _mm256_add_epi64(*sums, _mm256_sad_epu8(*bytes, zero));
        }
    }
    for (position, &[low, high]) in sums.iter().enumerate() {
        // SAFETY: eight numbers inside row `position`.
        unsafe { _mm256_storeu_si256(counts.add(position * stride).cast(), narrow(low, high)) };
    }
}

/// `rounds` times eight registers: XOR, population count, addition, and nothing from memory.
#[target_feature(enable = "avx2")]
fn busy_registers(rounds: usize) -> u64 {
    let mut sums = [_mm256_set1_epi64x(0x9e37_79b9); 8];
    for round in 0..rounds {
        let filter = _mm256_set1_epi64x(round as i64);
        for sum in &mut sums {
            *sum = _mm256_add_epi8(*sum, ones_per_byte(_mm256_xor_si256(*sum, filter)));
        }
    }
    let word = |sum| _mm256_extract_epi64::<0>(sum) as u64;
    sums.into_iter().fold(0, |all, sum| all ^ word(sum))
}

/// The number of ones in each byte.
#[target_feature(enable = "avx2")]
#[inline]
fn ones_per_byte(bits: __m256i) -> __m256i {
    let table = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let nibble = _mm256_set1_epi8(0x0f);
    let low = _mm256_shuffle_epi8(table, _mm256_and_si256(bits, nibble));
    let high = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16::<4>(bits), nibble));
    _mm256_add_epi8(low, high)
}

/// The low halves of eight 64-bit numbers, in order.
#[target_feature(enable = "avx2")]
#[inline]
fn narrow(low: __m256i, high: __m256i) -> __m256i {
    let pairs = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(
        _mm256_castsi256_ps(low),
        _mm256_castsi256_ps(high),
    ));
    _mm256_permute4x64_epi64::<0b11_01_10_00>(pairs)
}

#[target_feature(enable = "popcnt")]
fn ones(words: &[u64]) -> u32 {
    scalar::count_ones(words)
}

/// # Safety
/// All of `sums` are as long as `at`, a multiple of eight, and `out` has a bit for each.
#[target_feature(enable = "avx2")]
unsafe fn sums_to_bits(sums: Sums<'_>, at: &[f32], out: &mut [u64]) {
    let total = _mm256_set1_ps(sums.total);
    out.fill(0);
    for first in (0..at.len()).step_by(8) {
        // SAFETY: eight elements follow in slices that are all as long as `at`.
        let (counts, base, slope, lift, at) = unsafe {
            (
                _mm256_loadu_si256(sums.counts.as_ptr().add(first).cast()),
                _mm256_loadu_si256(sums.base.as_ptr().add(first).cast()),
                _mm256_loadu_ps(sums.slope.as_ptr().add(first)),
                _mm256_loadu_ps(sums.lift.as_ptr().add(first)),
                _mm256_loadu_ps(at.as_ptr().add(first)),
            )
        };
        let dot = _mm256_cvtepi32_ps(_mm256_sub_epi32(base, _mm256_add_epi32(counts, counts)));
        let value = _mm256_add_ps(_mm256_mul_ps(slope, dot), _mm256_mul_ps(lift, total));
        out[first / 64] |= at_least(value, at) << (first % 64);
    }
}

#[target_feature(enable = "avx2")]
fn sums_to_floats(sums: Sums<'_>, out: &mut [f32]) {
    scalar::scale_sums(sums, out);
}

/// # Safety
/// `sign` and `at` are as long as `values`, and `out` has a bit for each.
#[target_feature(enable = "avx2")]
unsafe fn values_to_bits(values: &[f32], sign: &[f32], at: &[f32], out: &mut [u64]) {
    let whole = values.len() / 8 * 8;
    out.fill(0);
    for first in (0..whole).step_by(8) {
        // SAFETY: eight elements follow in slices that are all as long as `values`.
        let (value, sign, at) = unsafe {
            (
                _mm256_loadu_ps(values.as_ptr().add(first)),
                _mm256_loadu_ps(sign.as_ptr().add(first)),
                _mm256_loadu_ps(at.as_ptr().add(first)),
            )
        };
        out[first / 64] |= at_least(_mm256_mul_ps(value, sign), at) << (first % 64);
    }
    scalar::compare_values_from(whole, values, sign, at, out);
}

#[target_feature(enable = "avx2")]
fn rows(taps: &[Tap], first: u32, weights: &[f32], out: &mut [f32]) {
    scalar::sum_rows_by::<32>(taps, first, weights, out);
}

/// One bit for each of eight numbers: whether it is at least the other.
#[target_feature(enable = "avx2")]
#[inline]
fn at_least(values: __m256, at: __m256) -> u64 {
    _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(values, at)) as u64
}

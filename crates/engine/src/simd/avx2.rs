//! Kernels for AVX2 and POPCNT.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    epilogue::by_lanes,
    filters::{LANES, STRIP, StripNibbles},
    isa::Isa,
    kernel_set::kernel_set,
    lookup::{self, LookupTile, TABLES},
    loops, tiles,
};

kernel_set! {
    #[target_feature(enable = "avx2,popcnt")]
    Avx2Isa = Isa::Avx2;
    load_bits = 8 * 256;
    gather = loops::gather;
    count_differences = tiles::count_differences::<LookupTile<Avx2Strip>, 4, 2>;
    popcount_load = popcount_registers;
    compare_dot_products = |sums, at, out| loops::compare_dot_products(|values, at| at_least(values, at), sums, at, out);
    at_least = by_lanes(|values, at| at_least(values, at));
    sum_weight_rows = loops::sum_weight_rows::<32>;
}

/// Sums of a strip in one register.
#[derive(Clone, Copy)]
struct Avx2Strip(__m256i);

impl lookup::LookupVector for Avx2Strip {
    type TableVector = [__m256i; 2];
    type NibbleVector = [__m256i; 2];

    /// A byte gains at most 8 per byte, and 31 · 8 < 2⁸.
    const BLOCK: usize = 31;

    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn zero() -> Self {
        Self(_mm256_setzero_si256())
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn tables(byte: u8) -> [__m256i; 2] {
        let [low, high] = TABLES.of(byte);
        // SAFETY: 16 bytes each.
        let (low, high) =
            unsafe { (_mm_loadu_si128(low.as_ptr().cast()), _mm_loadu_si128(high.as_ptr().cast())) };
        [_mm256_broadcastsi128_si256(low), _mm256_broadcastsi128_si256(high)]
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn halves(from: &StripNibbles) -> [__m256i; 2] {
        // SAFETY: 32 bytes each, and `StripNibbles` is aligned.
        unsafe { [_mm256_load_si256(from.low.as_ptr().cast()), _mm256_load_si256(from.high.as_ptr().cast())] }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn add(self, tables: [__m256i; 2], halves: [__m256i; 2]) -> Self {
        let low = _mm256_add_epi8(self.0, _mm256_shuffle_epi8(tables[0], halves[0]));
        Self(_mm256_add_epi8(low, _mm256_shuffle_epi8(tables[1], halves[1])))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn widen(self) -> [Self; 2] {
        [Self(_mm256_and_si256(self.0, _mm256_set1_epi16(0xff))), Self(_mm256_srli_epi16::<8>(self.0))]
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn add_wide(self, other: Self) -> Self {
        Self(_mm256_add_epi16(self.0, other.0))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn numbers(self) -> [u16; STRIP / 2] {
        // SAFETY: both are 32 bytes of any value.
        unsafe { std::mem::transmute(self) }
    }
}

/// Runs `rounds` of lookups and additions on eight registers, without memory accesses.
#[target_feature(enable = "avx2")]
fn popcount_registers(rounds: usize) -> u64 {
    let mut sums = [_mm256_set1_epi8(3); 8];
    for round in 0..rounds {
        let indices = _mm256_set1_epi8(round as i8 & 15);
        for sum in &mut sums {
            *sum = _mm256_add_epi8(*sum, _mm256_shuffle_epi8(*sum, indices));
            *sum = _mm256_add_epi8(*sum, _mm256_shuffle_epi8(*sum, indices));
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ _mm256_extract_epi64::<0>(sum) as u64)
}

/// Returns one bit per lane: 1 if the value is at least the threshold.
#[target_feature(enable = "avx2")]
#[inline]
fn at_least(values: &[f32; LANES], at: &[f32; LANES]) -> u32 {
    // SAFETY: eight numbers each.
    let (values, at) = unsafe { (_mm256_loadu_ps(values.as_ptr()), _mm256_loadu_ps(at.as_ptr())) };
    _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(values, at)) as u32
}

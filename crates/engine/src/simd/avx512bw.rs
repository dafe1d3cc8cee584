//! Kernels for AVX-512 F, BW, DQ and VL, without VPOPCNTDQ.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{
    avx512,
    filters::{STRIP, StripNibbles},
    isa::Isa,
    kernel_set::kernel_set,
    lookup::{self, DifferenceTables, LookupTile},
    loops, tiles,
};

kernel_set! {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,popcnt")]
    Avx512BwIsa = Isa::Avx512Bw;
    load_bits = 8 * 256;
    gather = loops::gather;
    count_differences = tiles::count_differences::<LookupTile<Avx512Strip>, 4, 2>;
    popcount_load = popcount_registers;
    compare_dot_products = avx512::dot_products_to_bits;
    at_least = |values, at| avx512::at_least(values, at);
    sum_weight_rows = loops::sum_weight_rows::<64>;
}

/// Tables that fill a register per byte.
static TABLES: DifferenceTables<4> = DifferenceTables::new();

/// Sums of a strip in one register, one per nibble.
#[derive(Clone, Copy)]
struct Avx512Strip(__m512i);

impl lookup::LookupVector for Avx512Strip {
    type TableVector = __m512i;
    type NibbleVector = __m512i;

    /// A byte gains at most 4 per nibble, and 63 · 4 < 2⁸.
    const BLOCK: usize = 63;

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    unsafe fn zero() -> Self {
        Self(_mm512_setzero_si512())
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    unsafe fn tables(byte: u8) -> __m512i {
        // SAFETY: 64 bytes.
        unsafe { _mm512_loadu_si512(TABLES.of(byte).as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    unsafe fn halves(from: &StripNibbles) -> __m512i {
        // SAFETY: 64 bytes, and aligned.
        unsafe { _mm512_load_si512(std::ptr::from_ref(from).cast()) }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    unsafe fn add(self, tables: __m512i, halves: __m512i) -> Self {
        Self(_mm512_add_epi8(self.0, _mm512_shuffle_epi8(tables, halves)))
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    unsafe fn widen(self) -> [Self; 2] {
        [Self(_mm512_and_si512(self.0, _mm512_set1_epi16(0xff))), Self(_mm512_srli_epi16::<8>(self.0))]
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    unsafe fn add_wide(self, other: Self) -> Self {
        Self(_mm512_add_epi16(self.0, other.0))
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    unsafe fn numbers(self) -> [u16; STRIP / 2] {
        let low = _mm512_castsi512_si256(self.0);
        let both = _mm256_add_epi16(low, _mm512_extracti64x4_epi64::<1>(self.0));
        // SAFETY: both are 32 bytes of any value.
        unsafe { std::mem::transmute(both) }
    }
}

/// Runs `rounds` of lookups and additions on eight registers, without memory accesses.
#[target_feature(enable = "avx512f,avx512bw")]
fn popcount_registers(rounds: usize) -> u64 {
    let mut sums = [_mm512_set1_epi8(3); 8];
    for round in 0..rounds {
        let indices = _mm512_set1_epi8(round as i8 & 15);
        for sum in &mut sums {
            *sum = _mm512_add_epi8(*sum, _mm512_shuffle_epi8(*sum, indices));
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ _mm512_reduce_add_epi64(sum) as u64)
}

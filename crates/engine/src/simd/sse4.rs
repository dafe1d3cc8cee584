//! Kernels for SSE4.2 and POPCNT (x86-64-v2).
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
    #[target_feature(enable = "sse4.2,popcnt")]
    Sse4Isa = Isa::Sse4;
    load_bits = 8 * 128;
    gather = loops::gather;
    count_differences = tiles::count_differences::<LookupTile<Sse4Strip>, 4, 1>;
    popcount_load = popcount_registers;
    compare_dot_products = |sums, at, out| loops::compare_dot_products(|values, at| at_least(values, at), sums, at, out);
    at_least = by_lanes(|values, at| at_least(values, at));
    sum_weight_rows = loops::sum_weight_rows::<16>;
}

/// Sums of a strip in two registers.
#[derive(Clone, Copy)]
struct Sse4Strip([__m128i; 2]);

impl lookup::LookupVector for Sse4Strip {
    type TableVector = [__m128i; 2];
    type NibbleVector = [[__m128i; 2]; 2];

    /// A byte gains at most 8 per byte, and 31 · 8 < 2⁸.
    const BLOCK: usize = 31;

    #[target_feature(enable = "sse4.2")]
    #[inline]
    unsafe fn zero() -> Self {
        Self([_mm_setzero_si128(); 2])
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    unsafe fn tables(byte: u8) -> [__m128i; 2] {
        let [low, high] = TABLES.of(byte);
        // SAFETY: 16 bytes each.
        unsafe { [_mm_loadu_si128(low.as_ptr().cast()), _mm_loadu_si128(high.as_ptr().cast())] }
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    unsafe fn halves(from: &StripNibbles) -> [[__m128i; 2]; 2] {
        let (low, high) = (from.low.as_ptr().cast::<__m128i>(), from.high.as_ptr().cast::<__m128i>());
        // SAFETY: twice 16 bytes each, and `StripNibbles` is aligned.
        unsafe {
            [
                [_mm_load_si128(low), _mm_load_si128(low.add(1))],
                [_mm_load_si128(high), _mm_load_si128(high.add(1))],
            ]
        }
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    unsafe fn add(self, tables: [__m128i; 2], halves: [[__m128i; 2]; 2]) -> Self {
        let Self([mut first, mut last]) = self;
        for (table, [first_half, last_half]) in tables.into_iter().zip(halves) {
            first = _mm_add_epi8(first, _mm_shuffle_epi8(table, first_half));
            last = _mm_add_epi8(last, _mm_shuffle_epi8(table, last_half));
        }
        Self([first, last])
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    unsafe fn widen(self) -> [Self; 2] {
        let (Self([first, last]), even) = (self, _mm_set1_epi16(0xff));
        [
            Self([_mm_and_si128(first, even), _mm_and_si128(last, even)]),
            Self([_mm_srli_epi16::<8>(first), _mm_srli_epi16::<8>(last)]),
        ]
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    unsafe fn add_wide(self, other: Self) -> Self {
        Self([_mm_add_epi16(self.0[0], other.0[0]), _mm_add_epi16(self.0[1], other.0[1])])
    }

    #[target_feature(enable = "sse4.2")]
    #[inline]
    unsafe fn numbers(self) -> [u16; STRIP / 2] {
        // SAFETY: both are 32 bytes of any value.
        unsafe { std::mem::transmute(self) }
    }
}

/// Runs `rounds` of lookups and additions on eight registers, without memory accesses.
#[target_feature(enable = "sse4.2")]
fn popcount_registers(rounds: usize) -> u64 {
    let mut sums = [_mm_set1_epi8(3); 8];
    for round in 0..rounds {
        let indices = _mm_set1_epi8(round as i8 & 15);
        for sum in &mut sums {
            *sum = _mm_add_epi8(*sum, _mm_shuffle_epi8(*sum, indices));
            *sum = _mm_add_epi8(*sum, _mm_shuffle_epi8(*sum, indices));
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ _mm_extract_epi64::<0>(sum) as u64)
}

/// Returns one bit per lane: 1 if the value is at least the threshold.
#[target_feature(enable = "sse4.2")]
#[inline]
fn at_least(values: &[f32; LANES], at: &[f32; LANES]) -> u32 {
    let half = |first: usize| {
        // SAFETY: four numbers each from the first or the fourth on.
        let (values, at) =
            unsafe { (_mm_loadu_ps(values.as_ptr().add(first)), _mm_loadu_ps(at.as_ptr().add(first))) };
        _mm_movemask_ps(_mm_cmpge_ps(values, at)) as u32
    };
    half(0) | half(4) << 4
}

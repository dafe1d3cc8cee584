//! Kernels for WebAssembly's 128-bit vectors, chosen when the module is compiled.
#![allow(unsafe_code)]

use std::{arch::wasm32::*, array};

use super::{
    epilogue::by_lanes,
    filters::LANES,
    isa::Isa,
    kernel_set::kernel_set,
    loops,
    popcount::{self, PopcountTile},
    tiles,
};

kernel_set! {
    #[target_feature(enable = "simd128")]
    Simd128Isa = Isa::Simd128;
    load_bits = 8 * 128;
    gather = loops::gather;
    count_differences = tiles::count_differences::<PopcountTile<Simd128Pair>, 2, 1>;
    popcount_load = popcount_registers;
    compare_dot_products = |sums, at, out| loops::compare_dot_products(|values, at| at_least(values, at), sums, at, out);
    at_least = by_lanes(|values, at| at_least(values, at));
    sum_weight_rows = loops::sum_weight_rows::<16>;
}

#[derive(Clone, Copy)]
struct Simd128Pair(v128);

impl popcount::PairVector for Simd128Pair {
    #[target_feature(enable = "simd128")]
    #[inline]
    unsafe fn load(words: &[u64; 2]) -> Self {
        // SAFETY: two words.
        Self(unsafe { v128_load(words.as_ptr().cast()) })
    }

    #[target_feature(enable = "simd128")]
    #[inline]
    unsafe fn repeat(word: u64) -> Self {
        Self(u64x2_splat(word))
    }

    #[target_feature(enable = "simd128")]
    #[inline]
    unsafe fn add_differences(self, patch: Self, filter: Self) -> Self {
        Self(u8x16_add(self.0, u8x16_popcnt(v128_xor(patch.0, filter.0))))
    }

    #[target_feature(enable = "simd128")]
    #[inline]
    unsafe fn add_to(self, sums: Self) -> Self {
        let halves = u32x4_extadd_pairwise_u16x8(u16x8_extadd_pairwise_u8x16(self.0));
        Self(u32x4_add(sums.0, halves))
    }

    #[target_feature(enable = "simd128")]
    #[inline]
    unsafe fn sums(self) -> [u32; 2] {
        let sums = self.0;
        [
            u32x4_extract_lane::<0>(sums) + u32x4_extract_lane::<1>(sums),
            u32x4_extract_lane::<2>(sums) + u32x4_extract_lane::<3>(sums),
        ]
    }
}

/// Runs `rounds` of XOR, population count and addition on eight registers, without memory accesses.
#[target_feature(enable = "simd128")]
fn popcount_registers(rounds: usize) -> u64 {
    let mut sums: [_; 8] = array::from_fn(|sum| u8x16_splat(sum as u8));
    for round in 0..rounds {
        let filter = u8x16_splat(round as u8);
        for sum in &mut sums {
            *sum = u8x16_add(*sum, u8x16_popcnt(v128_xor(*sum, filter)));
        }
    }
    sums.into_iter().fold(0, |all, sum| all ^ u64x2_extract_lane::<0>(sum))
}

/// Returns one bit per lane: 1 if the value is at least the threshold.
#[target_feature(enable = "simd128")]
#[inline]
fn at_least(values: &[f32; LANES], at: &[f32; LANES]) -> u32 {
    let half = |first: usize| {
        // SAFETY: four numbers each from the first or the fourth on.
        let (values, at) = unsafe {
            (v128_load(values.as_ptr().add(first).cast()), v128_load(at.as_ptr().add(first).cast()))
        };
        u32::from(u32x4_bitmask(f32x4_ge(values, at)))
    };
    half(0) | half(4) << 4
}

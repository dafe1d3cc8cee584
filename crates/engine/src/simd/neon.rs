//! Kernels for NEON, which every AArch64 machine has.
#![allow(unsafe_code)]

use std::{arch::aarch64::*, array};

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
    #[target_feature(enable = "neon")]
    NeonIsa = Isa::Neon;
    load_bits = 16 * 128;
    gather = loops::gather;
    count_differences = tiles::count_differences::<PopcountTile<NeonPair>, 4, 1>;
    popcount_load = popcount_registers;
    compare_dot_products = |sums, at, out| loops::compare_dot_products(|values, at| at_least(values, at), sums, at, out);
    at_least = by_lanes(|values, at| at_least(values, at));
    sum_weight_rows = loops::sum_weight_rows::<32>;
}

#[derive(Clone, Copy)]
struct NeonPair(uint64x2_t);

impl popcount::PairVector for NeonPair {
    #[target_feature(enable = "neon")]
    #[inline]
    unsafe fn load(words: &[u64; 2]) -> Self {
        // SAFETY: two words.
        Self(unsafe { vld1q_u64(words.as_ptr()) })
    }

    #[target_feature(enable = "neon")]
    #[inline]
    unsafe fn repeat(word: u64) -> Self {
        Self(vdupq_n_u64(word))
    }

    #[target_feature(enable = "neon")]
    #[inline]
    unsafe fn add_differences(self, patch: Self, filter: Self) -> Self {
        let ones = vcntq_u8(vreinterpretq_u8_u64(veorq_u64(patch.0, filter.0)));
        Self(vreinterpretq_u64_u8(vaddq_u8(vreinterpretq_u8_u64(self.0), ones)))
    }

    #[target_feature(enable = "neon")]
    #[inline]
    unsafe fn add_to(self, sums: Self) -> Self {
        Self(vpadalq_u32(sums.0, vpaddlq_u16(vpaddlq_u8(vreinterpretq_u8_u64(self.0)))))
    }

    #[target_feature(enable = "neon")]
    #[inline]
    unsafe fn sums(self) -> [u32; 2] {
        let sums = vmovn_u64(self.0);
        [vget_lane_u32::<0>(sums), vget_lane_u32::<1>(sums)]
    }
}

/// Runs `rounds` of XOR, population count and addition on sixteen registers, without memory accesses.
#[target_feature(enable = "neon")]
fn popcount_registers(rounds: usize) -> u64 {
    let mut sums: [_; 16] = array::from_fn(|sum| vdupq_n_u8(sum as u8));
    for round in 0..rounds {
        let filter = vdupq_n_u8(round as u8);
        for sum in &mut sums {
            *sum = vaddq_u8(*sum, vcntq_u8(veorq_u8(*sum, filter)));
        }
    }
    sums.into_iter().fold(0, |all, sum| all + u64::from(vaddlvq_u8(sum)))
}

/// Returns one bit per lane: 1 if the value is at least the threshold.
#[target_feature(enable = "neon")]
#[inline]
fn at_least(values: &[f32; LANES], at: &[f32; LANES]) -> u32 {
    const BITS: [u32; LANES] = [1, 2, 4, 8, 16, 32, 64, 128];
    let half = |first: usize| {
        // SAFETY: four numbers each from the first or the fourth on.
        let (values, at, bits) = unsafe {
            (
                vld1q_f32(values.as_ptr().add(first)),
                vld1q_f32(at.as_ptr().add(first)),
                vld1q_u32(BITS.as_ptr().add(first)),
            )
        };
        vandq_u32(vcgeq_f32(values, at), bits)
    };
    vaddvq_u32(vorrq_u32(half(0), half(4)))
}

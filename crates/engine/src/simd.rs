//! The inner loops, one file an instruction set, behind one dispatch.
//!
//! Every instruction set gives the same result to the last bit: counts are integers, and what is
//! done in floating point is done in the same order without fused multiply-adds.

/// Defines the kernels of an instruction set: safe functions, compiled for its features.
// Some machines have the scalar ones only.
#[allow(unused_macros)]
macro_rules! kernels {
    (
        $features:literal;
        gather = $gather:expr;
        count_differences = $count_differences:expr;
        popcount_load = $popcount_load:expr;
        compare_dot_products = $compare_dot_products:expr;
        at_least = $at_least:expr;
        sum_weight_rows = $sum_weight_rows:expr;
        masked_sums = $masked_sums:expr;
    ) => {
        kernels!(@ $features, super::scalar::max_rows, max_rows(rows: &[&[f32]], out: &mut [f32]));
        kernels!(@ $features, super::scalar::add_products, add_products(rows: &[[&[f32]; 2]], out: &mut [f32]));
        kernels!(@ $features, $count_differences, count_differences(patches: super::BitPatches<'_>, filters: &BitFilters, part: super::FilterPart, counts: &mut [u32]));
        kernels!(@ $features, super::scalar::count_ones, count_ones(units: &[u32], counts: &mut [u32]));
        kernels!(@ $features, $gather, gather(source: &[u32], runs: super::GatherRuns, target: &mut [u32]) -> u32);
        kernels!(@ $features, $popcount_load, popcount_load(rounds: usize) -> u64);
        kernels!(@ $features, $compare_dot_products, compare_dot_products(sums: DotProducts<'_>, at: &[super::aligned_buffer::AlignedBuffer<f32>], out: &mut [u32]));
        kernels!(@ $features, |finish: super::RowEpilogue<'_, '_>| finish.run($at_least), finish(finish: super::RowEpilogue<'_, '_>));
        kernels!(@ $features, |values, number, bits| super::scalar::mark_unequal_by($at_least, values, number, bits), mark_unequal(values: &[f32], number: f32, bits: &mut [u64]));
        kernels!(@ $features, $masked_sums, masked_sums(values: &[f32], bits: &[u64], sums: &mut [f32]) -> f32);
        kernels!(@ $features, $sum_weight_rows, sum_weight_rows(taps: &[SparseTap], first: u32, weights: &[f32], out: &mut [f32]));
    };
    (@ $features:literal, $body:expr, $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        pub(super) fn $name($($argument: $type),*) $(-> $result)? {
            #[target_feature(enable = $features)]
            fn compiled($($argument: $type),*) $(-> $result)? {
                // SAFETY: `SimdKernels` checks the lengths that the function names as its requirements.
                #[allow(unused_unsafe)]
                unsafe { $body($($argument),*) }
            }
            // SAFETY: `SimdKernels` reaches this file only on a machine that has these instructions.
            #[allow(unused_unsafe)]
            unsafe { compiled($($argument),*) }
        }
    };
}

mod aligned_buffer;
mod bit_encoding;
mod epilogue;
mod filters;
mod isa;
mod kernels;
mod operands;
mod pointwise;
mod popcount_integral;
mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"))]
mod tiles;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512bw;
#[cfg(target_arch = "x86_64")]
mod lookup;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(target_arch = "aarch64", target_feature = "simd128"))]
mod popcount;
#[cfg(target_feature = "simd128")]
mod simd128;
#[cfg(target_arch = "x86_64")]
mod sse4;
#[cfg(test)]
mod tests;

pub(crate) use aligned_buffer::AlignedBuffer;
pub(crate) use bit_encoding::{BitEncoding, UNIT, planes_of, units, words};
pub(crate) use epilogue::{
    ChannelThresholds, EpilogueInput, EpilogueStage, MAX_STAGES, RowEpilogue, UnitPosition,
};
pub(crate) use filters::{BitFilters, BitPatches, FilterPart, LANES, PatchPlanes};
pub use isa::Isa;
pub(crate) use kernels::SimdKernels;
pub use kernels::peak_bit_macs;
pub(crate) use operands::{DotProducts, GatherRuns, PatchComparison, SparseTap};
pub(crate) use pointwise::{Monotonicity, PointwiseFunction};
pub(crate) use popcount_integral::PopcountIntegral;

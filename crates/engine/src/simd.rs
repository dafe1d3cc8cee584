//! Kernels: the inner loops, one file per instruction set, behind one dispatch.
//!
//! Every instruction set gives the same result to the last bit: counts are integers, and floating-point operations have
//! the same order everywhere, without fused multiply-adds.

mod aligned_buffer;
mod bit_encoding;
mod epilogue;
mod filters;
mod isa;
mod kernel_set;
mod kernels;
mod loops;
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
pub use kernels::{hamming_distances, peak_bit_macs};
pub(crate) use operands::{DotProducts, GatherRuns, PatchComparison, SparseTap};
pub(crate) use pointwise::{Monotonicity, PointwiseFunction};
pub(crate) use popcount_integral::PopcountIntegral;

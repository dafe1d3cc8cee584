//! Dispatch to the kernels of an instruction set, with checks of their requirements.
#![allow(unsafe_code)]

use std::{hint::black_box, time::Instant};

#[cfg(target_arch = "aarch64")]
use super::neon::NeonIsa;
#[cfg(target_feature = "simd128")]
use super::simd128::Simd128Isa;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2Isa, avx512::Avx512Isa, avx512bw::Avx512BwIsa, sse4::Sse4Isa};
use super::{
    bit_encoding::{planes_of, units},
    epilogue::RowEpilogue,
    filters::{BitFilters, BitPatches, FilterPart, PatchPlanes},
    isa::{Isa, unsupported},
    kernel_set::KernelSet,
    operands::{DotProducts, GatherRuns, PatchComparison, SparseTap},
    scalar::ScalarIsa,
};
use crate::error::EngineError;

/// Kernels of an instruction set that this machine has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SimdKernels {
    Scalar(ScalarIsa),
    #[cfg(target_arch = "x86_64")]
    Sse4(Sse4Isa),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2Isa),
    #[cfg(target_arch = "x86_64")]
    Avx512Bw(Avx512BwIsa),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512Isa),
    #[cfg(target_arch = "aarch64")]
    Neon(NeonIsa),
    #[cfg(target_feature = "simd128")]
    Simd128(Simd128Isa),
}

/// Evaluates an expression with the token of the instruction set in use.
macro_rules! dispatch {
    ($self:expr, $token:ident => $call:expr) => {
        match $self {
            Self::Scalar($token) => $call,
            #[cfg(target_arch = "x86_64")]
            Self::Sse4($token) => $call,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2($token) => $call,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bw($token) => $call,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512($token) => $call,
            #[cfg(target_arch = "aarch64")]
            Self::Neon($token) => $call,
            #[cfg(target_feature = "simd128")]
            Self::Simd128($token) => $call,
        }
    };
}

impl SimdKernels {
    pub(crate) fn new(isa: Isa) -> Result<Self, EngineError> {
        let kernels = match isa {
            Isa::Scalar => ScalarIsa::detect().map(Self::Scalar),
            #[cfg(target_arch = "x86_64")]
            Isa::Sse4 => Sse4Isa::detect().map(Self::Sse4),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2Isa::detect().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Bw => Avx512BwIsa::detect().map(Self::Avx512Bw),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Avx512Isa::detect().map(Self::Avx512),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => NeonIsa::detect().map(Self::Neon),
            #[cfg(target_feature = "simd128")]
            Isa::Simd128 => Simd128Isa::detect().map(Self::Simd128),
            // Instruction sets of other machines.
            #[allow(unreachable_patterns)]
            _ => None,
        };
        kernels.ok_or_else(|| unsupported(isa.name()))
    }

    pub(crate) fn isa(self) -> Isa {
        fn isa<K: KernelSet>(_: K) -> Isa {
            K::ISA
        }
        dispatch!(self, token => isa(token))
    }

    /// Counts the differing bits of every patch and filter within a part of them. Bits of patches beyond the
    /// length of a filter are 0; `counts` has `filters.padded()` elements per patch.
    ///
    /// # Panics
    /// If lengths do not fit.
    pub(crate) fn count_differences(
        self,
        patches: BitPatches<'_>,
        filters: &BitFilters,
        part: FilterPart,
        counts: &mut [u32],
    ) {
        assert_eq!(
            patches.count().checked_mul(filters.padded()),
            Some(counts.len()),
            "counts of another size"
        );
        assert!(patches.hold(part), "part of a patch");
        assert!(part.is_of(filters.words()), "part of a longer filter");
        // SAFETY: the assertions above.
        unsafe { dispatch!(self, token => token.count_differences(patches, filters, part, counts)) };
    }

    /// Counts the differing bits of every patch and filter with plane `j` weighted by `2ʲ`. `spare` is
    /// scratch memory as long as `counts` if there is more than one plane.
    pub(crate) fn count_plane_differences(
        self,
        patches: PatchPlanes<'_>,
        filters: &BitFilters,
        part: FilterPart,
        counts: &mut [u32],
        spare: &mut [u32],
    ) {
        let last = patches.planes - 1;
        self.count_differences(patches.plane(last), filters, part, counts);
        for plane in (0..last).rev() {
            let lower = &mut spare[..counts.len()];
            self.count_differences(patches.plane(plane), filters, part, lower);
            counts.iter_mut().zip(&*lower).for_each(|(count, lower)| *count = 2 * *count + lower);
        }
    }

    /// Counts the ones of each position; `units` has the units of as many positions as there are counts.
    pub(crate) fn count_ones(self, units: &[u32], counts: &mut [u32]) {
        dispatch!(self, token => token.count_ones(units, counts));
    }

    /// Counts the bits in which a query differs from each code of as many words; there are as many codes as distances.
    pub(crate) fn hamming_distances(self, query: &[u64], codes: &[u64], distances: &mut [u32]) {
        dispatch!(self, token => token.hamming_distances(query, codes, distances));
    }

    /// Copies runs of bits and returns their population count.
    pub(crate) fn gather(self, source: &[u32], runs: GatherRuns, target: &mut [u32]) -> u32 {
        dispatch!(self, token => token.gather(source, runs, target))
    }

    /// Loads this core with XOR, population count and addition in registers: `rounds` times
    /// [`SimdKernels::popcount_load_bits`] bits. The result is meaningless, but has to be used.
    pub(crate) fn popcount_load(self, rounds: usize) -> u64 {
        dispatch!(self, token => token.popcount_load(rounds))
    }

    /// Bits processed by one round of [`SimdKernels::popcount_load`].
    pub(crate) fn popcount_load_bits(self) -> usize {
        fn bits<K: KernelSet>(_: K) -> usize {
            K::LOAD_BITS
        }
        dispatch!(self, token => bits(token))
    }

    /// Encodes the real outputs of every patch and filter as levels of thresholds: patch by patch, plane by
    /// plane, each of which begins a unit. `counts` and `spare` are scratch memory.
    ///
    /// # Panics
    /// If lengths do not fit.
    pub(crate) fn compare_patches(
        self,
        compared: &PatchComparison<'_>,
        counts: &mut [u32],
        spare: &mut [u32],
        bits: &mut [u32],
    ) {
        let PatchComparison { patches, filters, part, totals, base, dot_factor, sum_factor, thresholds } =
            *compared;
        let (padded, units) = (filters.padded(), planes_of(thresholds.len()) * units(filters.padded()));
        let lens = [base.len(), dot_factor.len(), sum_factor.len()]
            .into_iter()
            .chain(thresholds.iter().map(|row| row.len()));
        assert!({ lens }.all(|len| len == padded), "a number a filter");
        assert_eq!(bits.len(), totals.len() * units, "bits of another size");
        assert_eq!(patches.count(), totals.len(), "a total a patch");
        assert!(patches.hold(part), "part of a patch");
        assert!(part.is_of(filters.words()), "part of a longer filter");
        #[cfg(target_arch = "x86_64")]
        if let Self::Avx512(token) = self {
            // SAFETY: the assertions above.
            return unsafe { token.compare_patches(compared, bits) };
        }
        let counts = &mut counts[..totals.len() * padded];
        self.count_plane_differences(patches, filters, part, counts, spare);
        let counted = counts.chunks_exact(padded).zip(totals);
        for ((counts, &total), bits) in counted.zip(bits.chunks_exact_mut(units)) {
            let sums = DotProducts { counts, base, total, dot_factor, sum_factor };
            // SAFETY: the assertions above.
            unsafe { dispatch!(self, token => token.compare_dot_products(sums, thresholds, bits)) };
        }
    }

    /// Applies the epilogue of one position.
    ///
    /// # Panics
    /// If a slice is too short.
    pub(crate) fn run_epilogue(self, epilogue: RowEpilogue<'_, '_>) {
        dispatch!(self, token => token.run_epilogue(epilogue));
    }

    /// Maximum of `out` and all rows, element by element, ignoring NaN.
    pub(crate) fn max_rows(self, rows: &[&[f32]], out: &mut [f32]) {
        dispatch!(self, token => token.max_rows(rows, out));
    }

    /// Adds the products of each pair of rows to `out`, element by element, pair by pair.
    ///
    /// # Panics
    /// If a row is shorter than `out`.
    pub(crate) fn add_products(self, rows: &[[&[f32]; 2]], out: &mut [f32]) {
        dispatch!(self, token => token.add_products(rows, out));
    }

    /// Sets the bits of the values that are not equal to `number`.
    pub(crate) fn mark_unequal(self, values: &[f32], number: f32, bits: &mut [u64]) {
        dispatch!(self, token => token.mark_unequal(values, number, bits));
    }

    /// Computes, for every filter, the sum of the values selected by its bits, one row of words per filter;
    /// returns the sum of all values.
    pub(crate) fn masked_sums(self, values: &[f32], bits: &[u64], sums: &mut [f32]) -> f32 {
        assert_eq!(values.len() * sums.len(), 64 * bits.len(), "a bit a value and filter");
        dispatch!(self, token => token.masked_sums(values, bits, sums))
    }

    /// Computes `out = Σ value · weights[row − first]` over `taps`; rows of weights are as long as `out`.
    pub(crate) fn sum_weight_rows(self, taps: &[SparseTap], first: u32, weights: &[f32], out: &mut [f32]) {
        dispatch!(self, token => token.sum_weight_rows(taps, first, weights, out));
    }
}

/// Counts the bits in which a query differs from each code of as many words.
///
/// ```
/// use dabnet_engine::{Isa, hamming_distances};
///
/// let mut distances = [0; 2];
/// hamming_distances(Isa::select()?, &[0b1011], &[0b1011, 0b0001], &mut distances)?;
/// assert_eq!(distances, [0, 2]);
/// # Ok::<(), dabnet_engine::EngineError>(())
/// ```
///
/// # Errors
/// [`EngineError::Isa`] if this machine lacks the instruction set.
///
/// # Panics
/// If there are not as many codes as distances.
pub fn hamming_distances(
    isa: Isa,
    query: &[u64],
    codes: &[u64],
    distances: &mut [u32],
) -> Result<(), EngineError> {
    assert_eq!(codes.len(), query.len() * distances.len(), "a distance for every code");
    SimdKernels::new(isa)?.hamming_distances(query, codes, distances);
    Ok(())
}

/// Measures the peak rate of one-bit multiply-accumulates, per second and core: XOR, population count and
/// addition on registers, without memory accesses.
///
/// It takes about a tenth of a second. The best of several runs counts, since other load only slows it down.
///
/// # Errors
/// [`EngineError::Isa`] if this machine lacks the instruction set.
pub fn peak_bit_macs(isa: Isa) -> Result<f64, EngineError> {
    const RUNS: usize = 12;
    const ROUNDS: usize = 200_000;
    let kernels = SimdKernels::new(isa)?;
    let seconds = |_| {
        let start = Instant::now();
        black_box(kernels.popcount_load(black_box(ROUNDS)));
        start.elapsed().as_secs_f64()
    };
    let best = (0..RUNS).map(seconds).fold(f64::INFINITY, f64::min);
    Ok((ROUNDS * kernels.popcount_load_bits()) as f64 / best)
}

use std::{hint::black_box, time::Instant};

#[cfg(target_arch = "aarch64")]
use super::neon;
#[cfg(target_feature = "simd128")]
use super::simd128;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, avx512bw, sse4};
use super::{
    bit_encoding::{planes_of, units},
    epilogue::RowEpilogue,
    filters::{BitFilters, BitPatches, FilterPart, PatchPlanes},
    isa::Isa,
    operands::{DotProducts, GatherRuns, PatchComparison, SparseTap},
    scalar,
};
use crate::error::EngineError;

/// The inner loops for an instruction set that this machine is known to have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SimdKernels {
    isa: Isa,
}

/// Calls the function of the same name in the file of the instruction set in use.
macro_rules! dispatch {
    ($self:ident, $name:ident($($argument:expr),*)) => {
        match $self.isa {
            Isa::Scalar => scalar::$name($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Isa::Sse4 => sse4::$name($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::$name($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Bw => avx512bw::$name($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::$name($($argument),*),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => neon::$name($($argument),*),
            #[cfg(target_feature = "simd128")]
            Isa::Simd128 => simd128::$name($($argument),*),
            // Those of other machines.
            #[allow(unreachable_patterns)]
            _ => scalar::$name($($argument),*),
        }
    };
}

impl SimdKernels {
    /// Those of every machine.
    #[cfg(test)]
    pub(super) const SCALAR: Self = Self { isa: Isa::Scalar };

    pub(crate) fn new(isa: Isa) -> Result<Self, EngineError> {
        Ok(Self { isa: isa.check()? })
    }

    pub(crate) fn isa(self) -> Isa {
        self.isa
    }

    /// For every patch and every filter, in how many bits of a part of it they differ. Bits of patches beyond
    /// the length of a filter are 0; `counts` gets `filters.padded()` numbers a patch.
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
        dispatch!(self, count_differences(patches, filters, part, counts));
    }

    /// The same of several planes: for every patch and filter, `Σⱼ 2ʲ · differences` of plane `j`. `spare` is
    /// room to work in, as much as `counts` where there is more than one plane.
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

    /// The ones among the units of each of as many positions as there are counts.
    pub(crate) fn count_ones(self, units: &[u32], counts: &mut [u32]) {
        dispatch!(self, count_ones(units, counts));
    }

    /// Copies runs of bits and counts the ones among them.
    pub(crate) fn gather(self, source: &[u32], runs: GatherRuns, target: &mut [u32]) -> u32 {
        dispatch!(self, gather(source, runs, target))
    }

    /// Keeps this core at nothing but XOR, population count and addition in registers: `rounds`
    /// times [`SimdKernels::popcount_load_bits`] bits. The result means nothing, but has to be used.
    pub(crate) fn popcount_load(self, rounds: usize) -> u64 {
        dispatch!(self, popcount_load(rounds))
    }

    /// Bits that one round of [`SimdKernels::popcount_load`] works on.
    pub(crate) fn popcount_load_bits(self) -> usize {
        match self.isa {
            Isa::Scalar => 8 * 64,
            Isa::Sse4 => 8 * 128,
            Isa::Avx2 => 8 * 256,
            Isa::Avx512Bw => 8 * 256,
            Isa::Avx512 => 16 * 512,
            Isa::Neon => 16 * 128,
            Isa::Simd128 => 8 * 128,
        }
    }

    /// For every patch and filter, how many of `at` its real output reaches, as bits: for every patch one plane
    /// after another, of which each begins a unit. `counts` and `spare` are room to work in.
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
        if self.isa == Isa::Avx512 {
            return avx512::compare_patches(compared, bits);
        }
        let counts = &mut counts[..totals.len() * padded];
        self.count_plane_differences(patches, filters, part, counts, spare);
        let counted = counts.chunks_exact(padded).zip(totals);
        for ((counts, &total), bits) in counted.zip(bits.chunks_exact_mut(units)) {
            dispatch!(
                self,
                compare_dot_products(
                    DotProducts { counts, base, total, dot_factor, sum_factor },
                    thresholds,
                    bits
                )
            );
        }
    }

    /// Does to the results of one position what becomes of them.
    ///
    /// # Panics
    /// If anything is too short.
    pub(crate) fn finish(self, finish: RowEpilogue<'_, '_>) {
        dispatch!(self, finish(finish));
    }

    /// The maximum of as many rows as there are, numbers that are none left out, and of `out` itself.
    pub(crate) fn max_rows(self, rows: &[&[f32]], out: &mut [f32]) {
        dispatch!(self, max_rows(rows, out));
    }

    /// Adds to `out` the products of each pair of rows, element by element, one pair after another.
    ///
    /// # Panics
    /// If a row is shorter than `out`.
    pub(crate) fn add_products(self, rows: &[[&[f32]; 2]], out: &mut [f32]) {
        dispatch!(self, add_products(rows, out));
    }

    /// Sets the bits of those values that are not equal to `number`.
    pub(crate) fn mark_unequal(self, values: &[f32], number: f32, bits: &mut [u64]) {
        dispatch!(self, mark_unequal(values, number, bits));
    }

    /// For every filter, the sum of the values that its bits select, one row of words a filter; gives the
    /// sum of all values.
    pub(crate) fn masked_sums(self, values: &[f32], bits: &[u64], sums: &mut [f32]) -> f32 {
        assert_eq!(values.len() * sums.len(), 64 * bits.len(), "a bit a value and filter");
        dispatch!(self, masked_sums(values, bits, sums))
    }

    /// `out = Σ value · weights[row − first]` over `taps`, a row of weights as long as `out`.
    pub(crate) fn sum_weight_rows(self, taps: &[SparseTap], first: u32, weights: &[f32], out: &mut [f32]) {
        dispatch!(self, sum_weight_rows(taps, first, weights, out));
    }
}

/// One-bit multiply-accumulates a second that one core reaches with XOR, population count and addition
/// on registers and nothing from memory: what a binary layer can be compared with.
///
/// Takes about a tenth of a second. The best of several runs counts, since anything else the machine
/// does only slows it.
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

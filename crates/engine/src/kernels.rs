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
        busy = $busy:expr;
        compare_sums = $compare_sums:expr;
        at_least = $at_least:expr;
        sum_rows = $sum_rows:expr;
        select_sums = $select_sums:expr;
    ) => {
        kernels!(@ $features, super::scalar::max_rows, max_rows(rows: &[&[f32]], out: &mut [f32]));
        kernels!(@ $features, super::scalar::add_products, add_products(rows: &[[&[f32]; 2]], out: &mut [f32]));
        kernels!(@ $features, $count_differences, count_differences(patches: super::Patches<'_>, filters: &BitFilters, part: super::Part, counts: &mut [u32]));
        kernels!(@ $features, super::scalar::count_ones, count_ones(units: &[u32], counts: &mut [u32]));
        kernels!(@ $features, $gather, gather(source: &[u32], runs: super::Runs, target: &mut [u32]) -> u32);
        kernels!(@ $features, $busy, busy(rounds: usize) -> u64);
        kernels!(@ $features, $compare_sums, compare_sums(sums: Sums<'_>, at: &[crate::aligned::Aligned<f32>], out: &mut [u32]));
        kernels!(@ $features, |finish: super::Finish<'_, '_>| finish.run($at_least), finish(finish: super::Finish<'_, '_>));
        kernels!(@ $features, |values, number, bits| super::scalar::unequal_by($at_least, values, number, bits), unequal(values: &[f32], number: f32, bits: &mut [u64]));
        kernels!(@ $features, $select_sums, select_sums(values: &[f32], bits: &[u64], sums: &mut [f32]) -> f32);
        kernels!(@ $features, $sum_rows, sum_rows(taps: &[Tap], first: u32, weights: &[f32], out: &mut [f32]));
    };
    (@ $features:literal, $body:expr, $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        pub(super) fn $name($($argument: $type),*) $(-> $result)? {
            #[target_feature(enable = $features)]
            fn compiled($($argument: $type),*) $(-> $result)? {
                // SAFETY: `Kernels` checks the lengths that the function names as its requirements.
                #[allow(unused_unsafe)]
                unsafe { $body($($argument),*) }
            }
            // SAFETY: `Kernels` reaches this file only on a machine that has these instructions.
            #[allow(unused_unsafe)]
            unsafe { compiled($($argument),*) }
        }
    };
}

mod filters;
mod finish;
mod gemm;
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

pub(crate) use filters::{BitFilters, LANES, Part, PatchPlanes, Patches};
pub(crate) use finish::{Comparison, Finish, MAX_STAGES, Stage, Start, UnitPlace};
pub(crate) use gemm::matrix_product;

use crate::{EngineError, Isa, aligned::Aligned, bits::units};

/// The inner loops for an instruction set that this machine is known to have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernels {
    isa: Isa,
}

/// The integer results of one position and what turns those of filter `f` into its real output:
/// `slope[f] · (base[f] − 2 · counts[f]) + lift[f] · total`.
///
/// All slices have one element a filter and as many as [`BitFilters::padded`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sums<'a> {
    /// Bits in which filter and patch differ.
    pub(crate) counts: &'a [u32],
    /// Weights under the window, corrected for those on padding.
    pub(crate) base: &'a [i32],
    /// Sum of the activations under the window.
    pub(crate) total: f32,
    /// Factor of the binary dot product.
    pub(crate) slope: &'a [f32],
    /// Factor of `total`.
    pub(crate) lift: &'a [f32],
}

impl Sums<'_> {
    /// The real outputs of filters `first..first + N`.
    #[inline(always)]
    fn outputs<const N: usize>(&self, first: usize) -> [f32; N] {
        let (counts, base) = (&self.counts[first..][..N], &self.base[first..][..N]);
        let (slope, lift) = (&self.slope[first..][..N], &self.lift[first..][..N]);
        std::array::from_fn(|lane| {
            let dot = base[lane] - 2 * counts[lane] as i32;
            slope[lane] * dot as f32 + lift[lane] * self.total
        })
    }
}

/// Patches whose real outputs are to be compared with each of `at`, as [`Sums`] defines them; `totals` has one
/// element a patch, what follows one a filter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared<'a> {
    pub(crate) patches: PatchPlanes<'a>,
    pub(crate) filters: &'a BitFilters,
    pub(crate) part: Part,
    pub(crate) totals: &'a [f32],
    pub(crate) base: &'a [i32],
    pub(crate) slope: &'a [f32],
    pub(crate) lift: &'a [f32],
    pub(crate) at: &'a [Aligned<f32>],
}

/// Planes of bits that say how many of so many numbers are reached.
pub(crate) const fn planes_of(numbers: usize) -> usize {
    (numbers + 1).trailing_zeros() as usize
}

/// Runs of units that are to be brought closer together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs {
    /// How many.
    pub(crate) count: usize,
    /// Units of each.
    pub(crate) len: usize,
    /// Units from one to the next where they come from.
    pub(crate) from_step: usize,
    /// Units from one to the next where they go.
    pub(crate) to_step: usize,
}

/// One tap of a window that is not zero.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tap {
    /// Which row of the weights it takes.
    pub(crate) row: u32,
    /// Its value.
    pub(crate) value: f32,
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

impl Kernels {
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
        patches: Patches<'_>,
        filters: &BitFilters,
        part: Part,
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
    pub(crate) fn count_planes(
        self,
        patches: PatchPlanes<'_>,
        filters: &BitFilters,
        part: Part,
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
    pub(crate) fn gather(self, source: &[u32], runs: Runs, target: &mut [u32]) -> u32 {
        dispatch!(self, gather(source, runs, target))
    }

    /// Keeps this core at nothing but XOR, population count and addition in registers: `rounds`
    /// times [`Kernels::busy_bits`] bits. The result means nothing, but has to be used.
    pub(crate) fn busy(self, rounds: usize) -> u64 {
        dispatch!(self, busy(rounds))
    }

    /// Bits that one round of [`Kernels::busy`] works on.
    pub(crate) fn busy_bits(self) -> usize {
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
        compared: &Compared<'_>,
        counts: &mut [u32],
        spare: &mut [u32],
        bits: &mut [u32],
    ) {
        let Compared { patches, filters, part, totals, base, slope, lift, at } = *compared;
        let (padded, units) = (filters.padded(), planes_of(at.len()) * units(filters.padded()));
        let lens = [base.len(), slope.len(), lift.len()].into_iter().chain(at.iter().map(|at| at.len()));
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
        self.count_planes(patches, filters, part, counts, spare);
        let counted = counts.chunks_exact(padded).zip(totals);
        for ((counts, &total), bits) in counted.zip(bits.chunks_exact_mut(units)) {
            dispatch!(self, compare_sums(Sums { counts, base, total, slope, lift }, at, bits));
        }
    }

    /// Does to the results of one position what becomes of them.
    ///
    /// # Panics
    /// If anything is too short.
    pub(crate) fn finish(self, finish: Finish<'_, '_>) {
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
    pub(crate) fn unequal(self, values: &[f32], number: f32, bits: &mut [u64]) {
        dispatch!(self, unequal(values, number, bits));
    }

    /// For every filter, the sum of the values that its bits select, one row of words a filter; gives the
    /// sum of all values.
    pub(crate) fn select_sums(self, values: &[f32], bits: &[u64], sums: &mut [f32]) -> f32 {
        assert_eq!(values.len() * sums.len(), 64 * bits.len(), "a bit a value and filter");
        dispatch!(self, select_sums(values, bits, sums))
    }

    /// `out = Σ value · weights[row − first]` over `taps`, a row of weights as long as `out`.
    pub(crate) fn sum_rows(self, taps: &[Tap], first: u32, weights: &[f32], out: &mut [f32]) {
        dispatch!(self, sum_rows(taps, first, weights, out));
    }
}

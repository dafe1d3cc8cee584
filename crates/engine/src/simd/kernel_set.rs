//! Contract of the kernels, and the macro that implements it for an instruction set.
#![allow(unsafe_code)]

use super::{
    aligned_buffer::AlignedBuffer,
    epilogue::RowEpilogue,
    filters::{BitFilters, BitPatches, FilterPart},
    isa::Isa,
    operands::{DotProducts, GatherRuns, SparseTap},
};

/// Kernels of one instruction set.
///
/// An implementor is a token: only [`detect`](Self::detect) creates one, so that having one proves that this
/// machine has the instructions. All instruction sets give the same results to the last bit.
pub(super) trait KernelSet: Copy {
    /// Instruction set.
    const ISA: Isa;

    /// Bits processed by one round of [`popcount_load`](Self::popcount_load).
    const LOAD_BITS: usize;

    /// Returns a token if this machine has the instructions.
    fn detect() -> Option<Self>;

    /// Counts the differing bits of every patch and filter.
    ///
    /// # Safety
    /// - `counts` has `patches.count() · filters.padded()` elements.
    /// - Every patch holds all runs of `part`: [`BitPatches::hold`].
    /// - `part` lies within the filters: [`FilterPart::is_of`].
    unsafe fn count_differences(
        self,
        patches: BitPatches<'_>,
        filters: &BitFilters,
        part: FilterPart,
        counts: &mut [u32],
    );

    /// Compares the real outputs of one position with thresholds, and writes their levels plane by plane.
    ///
    /// # Safety
    /// - All slices of `sums` and all `thresholds` have the same length, a multiple of
    ///   [`LANES`](super::filters::LANES).
    /// - `out` has a bit for each of these elements in every plane.
    unsafe fn compare_dot_products(
        self,
        sums: DotProducts<'_>,
        thresholds: &[AlignedBuffer<f32>],
        out: &mut [u32],
    );

    /// See [`SimdKernels::count_ones`](super::kernels::SimdKernels::count_ones).
    fn count_ones(self, units: &[u32], counts: &mut [u32]);

    /// See [`SimdKernels::hamming_distances`](super::kernels::SimdKernels::hamming_distances).
    fn hamming_distances(self, query: &[u64], codes: &[u64], distances: &mut [u32]);

    /// See [`SimdKernels::gather`](super::kernels::SimdKernels::gather).
    fn gather(self, source: &[u32], runs: GatherRuns, target: &mut [u32]) -> u32;

    /// See [`SimdKernels::popcount_load`](super::kernels::SimdKernels::popcount_load).
    fn popcount_load(self, rounds: usize) -> u64;

    /// See [`SimdKernels::run_epilogue`](super::kernels::SimdKernels::run_epilogue).
    fn run_epilogue(self, epilogue: RowEpilogue<'_, '_>);

    /// See [`SimdKernels::max_rows`](super::kernels::SimdKernels::max_rows).
    fn max_rows(self, rows: &[&[f32]], out: &mut [f32]);

    /// See [`SimdKernels::add_products`](super::kernels::SimdKernels::add_products).
    fn add_products(self, rows: &[[&[f32]; 2]], out: &mut [f32]);

    /// See [`SimdKernels::mark_unequal`](super::kernels::SimdKernels::mark_unequal).
    fn mark_unequal(self, values: &[f32], number: f32, bits: &mut [u64]);

    /// See [`SimdKernels::masked_sums`](super::kernels::SimdKernels::masked_sums).
    fn masked_sums(self, values: &[f32], bits: &[u64], sums: &mut [f32]) -> f32;

    /// See [`SimdKernels::sum_weight_rows`](super::kernels::SimdKernels::sum_weight_rows).
    fn sum_weight_rows(self, taps: &[SparseTap], first: u32, weights: &[f32], out: &mut [f32]);
}

/// Defines the token of an instruction set and implements [`KernelSet`] for it, every kernel compiled for the
/// features of the attribute that precedes the token.
macro_rules! kernel_set {
    (
        $(#[$features:meta])?
        $token:ident = $isa:expr;
        load_bits = $load_bits:expr;
        gather = $gather:expr;
        count_differences = $count_differences:expr;
        popcount_load = $popcount_load:expr;
        compare_dot_products = $compare_dot_products:expr;
        at_least = $at_least:expr;
        sum_weight_rows = $sum_weight_rows:expr;
    ) => {
        /// Proof that this machine has the instruction set.
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $token(());

        impl super::kernel_set::KernelSet for $token {
            const ISA: super::isa::Isa = $isa;
            const LOAD_BITS: usize = $load_bits;

            fn detect() -> Option<Self> {
                Self::ISA.is_supported().then_some(Self(()))
            }

            kernel_set!(@unsafe [$(#[$features])?], $count_differences,
                count_differences(patches: super::filters::BitPatches<'_>, filters: &super::filters::BitFilters, part: super::filters::FilterPart, counts: &mut [u32]));
            kernel_set!(@unsafe [$(#[$features])?], $compare_dot_products,
                compare_dot_products(sums: super::operands::DotProducts<'_>, thresholds: &[super::aligned_buffer::AlignedBuffer<f32>], out: &mut [u32]));
            kernel_set!(@safe [$(#[$features])?], super::loops::count_ones,
                count_ones(units: &[u32], counts: &mut [u32]));
            kernel_set!(@safe [$(#[$features])?], super::loops::hamming_distances,
                hamming_distances(query: &[u64], codes: &[u64], distances: &mut [u32]));
            kernel_set!(@safe [$(#[$features])?], $gather,
                gather(source: &[u32], runs: super::operands::GatherRuns, target: &mut [u32]) -> u32);
            kernel_set!(@safe [$(#[$features])?], $popcount_load,
                popcount_load(rounds: usize) -> u64);
            kernel_set!(@safe [$(#[$features])?], |epilogue: super::epilogue::RowEpilogue<'_, '_>| epilogue.run($at_least),
                run_epilogue(epilogue: super::epilogue::RowEpilogue<'_, '_>));
            kernel_set!(@safe [$(#[$features])?], super::loops::max_rows,
                max_rows(rows: &[&[f32]], out: &mut [f32]));
            kernel_set!(@safe [$(#[$features])?], super::loops::add_products,
                add_products(rows: &[[&[f32]; 2]], out: &mut [f32]));
            kernel_set!(@safe [$(#[$features])?], |values, number, bits| super::loops::mark_unequal($at_least, values, number, bits),
                mark_unequal(values: &[f32], number: f32, bits: &mut [u64]));
            kernel_set!(@safe [$(#[$features])?], super::loops::masked_sums,
                masked_sums(values: &[f32], bits: &[u64], sums: &mut [f32]) -> f32);
            kernel_set!(@safe [$(#[$features])?], $sum_weight_rows,
                sum_weight_rows(taps: &[super::operands::SparseTap], first: u32, weights: &[f32], out: &mut [f32]));
        }
    };
    (@safe [$(#[$features:meta])?], $body:expr, $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        fn $name(self, $($argument: $type),*) $(-> $result)? {
            $(#[$features])?
            fn compiled($($argument: $type),*) $(-> $result)? {
                $body($($argument),*)
            }
            // SAFETY: `self` proves that this machine has the instructions.
            #[allow(unused_unsafe)]
            unsafe { compiled($($argument),*) }
        }
    };
    (@unsafe [$(#[$features:meta])?], $body:expr, $name:ident($($argument:ident: $type:ty),*)) => {
        unsafe fn $name(self, $($argument: $type),*) {
            $(#[$features])?
            unsafe fn compiled($($argument: $type),*) {
                // SAFETY: the caller meets the requirements of this method.
                #[allow(unused_unsafe)]
                unsafe { $body($($argument),*) }
            }
            // SAFETY: `self` proves that this machine has the instructions; the caller meets the other requirements.
            unsafe { compiled($($argument),*) }
        }
    };
}

pub(super) use kernel_set;

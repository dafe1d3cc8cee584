use super::{
    aligned_buffer::AlignedBuffer,
    filters::{BitFilters, FilterPart, PatchPlanes},
};

/// The integer results of one position and what turns those of filter `f` into its real output:
/// `dot_factor[f] · (base[f] − 2 · counts[f]) + sum_factor[f] · total`.
///
/// All slices have one element a filter and as many as [`BitFilters::padded`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct DotProducts<'a> {
    /// Bits in which filter and patch differ.
    pub(crate) counts: &'a [u32],
    /// Weights under the window, corrected for those on padding.
    pub(crate) base: &'a [i32],
    /// Sum of the activations under the window.
    pub(crate) total: f32,
    /// Factor of the binary dot product.
    pub(crate) dot_factor: &'a [f32],
    /// Factor of `total`.
    pub(crate) sum_factor: &'a [f32],
}

impl DotProducts<'_> {
    /// The real outputs of filters `first..first + N`.
    #[inline(always)]
    pub(super) fn outputs<const N: usize>(&self, first: usize) -> [f32; N] {
        let (counts, base) = (&self.counts[first..][..N], &self.base[first..][..N]);
        let (dot_factor, sum_factor) = (&self.dot_factor[first..][..N], &self.sum_factor[first..][..N]);
        std::array::from_fn(|lane| {
            let dot = base[lane] - 2 * counts[lane] as i32;
            dot_factor[lane] * dot as f32 + sum_factor[lane] * self.total
        })
    }
}

/// Patches whose real outputs are to be compared with each of `at`, as [`DotProducts`] defines them; `totals` has one
/// element a patch, what follows one a filter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatchComparison<'a> {
    pub(crate) patches: PatchPlanes<'a>,
    pub(crate) filters: &'a BitFilters,
    pub(crate) part: FilterPart,
    pub(crate) totals: &'a [f32],
    pub(crate) base: &'a [i32],
    pub(crate) dot_factor: &'a [f32],
    pub(crate) sum_factor: &'a [f32],
    pub(crate) thresholds: &'a [AlignedBuffer<f32>],
}

/// Runs of units that are to be brought closer together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GatherRuns {
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
pub(crate) struct SparseTap {
    /// Which row of the weights it takes.
    pub(crate) row: u32,
    /// Its value.
    pub(crate) value: f32,
}

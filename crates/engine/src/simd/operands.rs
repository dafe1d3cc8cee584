use super::{
    aligned_buffer::AlignedBuffer,
    filters::{BitFilters, FilterPart, PatchPlanes},
};

/// Integer results of a binary convolution at one position, and their conversion to the real output of filter
/// `f`: `dot_factor[f] · (base[f] − 2 · counts[f]) + sum_factor[f] · total`.
///
/// All slices have [`BitFilters::padded`] elements, one per filter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DotProducts<'a> {
    /// Number of differing bits of filter and patch.
    pub(crate) counts: &'a [u32],
    /// Number of weights under the window, corrected for padding.
    pub(crate) base: &'a [i32],
    /// Sum of the activations under the window.
    pub(crate) total: f32,
    /// Factor of the binary dot product.
    pub(crate) dot_factor: &'a [f32],
    /// Factor of `total`.
    pub(crate) sum_factor: &'a [f32],
}

impl DotProducts<'_> {
    /// Real outputs of filters `first..first + N`.
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

/// Patches whose real outputs, as defined by [`DotProducts`], are compared with thresholds. `totals` has one
/// element per patch, the slices after it one per filter.
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

/// Runs of units to be packed more closely.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GatherRuns {
    /// Number of runs.
    pub(crate) count: usize,
    /// Units per run.
    pub(crate) len: usize,
    /// Units between runs in the source.
    pub(crate) from_step: usize,
    /// Units between runs in the target.
    pub(crate) to_step: usize,
}

/// Non-zero tap of a window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SparseTap {
    /// Row of the weight matrix.
    pub(crate) row: u32,
    /// Value of the input.
    pub(crate) value: f32,
}

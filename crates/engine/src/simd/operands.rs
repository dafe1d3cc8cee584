use super::{
    aligned_buffer::Aligned,
    filters::{BitFilters, Part, PatchPlanes},
};

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
    pub(super) fn outputs<const N: usize>(&self, first: usize) -> [f32; N] {
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

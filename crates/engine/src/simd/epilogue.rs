//! Epilogue of one position, applied to a few channels at a time, which stay in registers from the first
//! operation to the last.

use std::array;

use super::{
    aligned_buffer::AlignedBuffer,
    bit_encoding::{BitEncoding, UNIT, planes_of, toggled_planes},
    filters::LANES,
    operands::DotProducts,
    pointwise::PointwiseFunction,
};

/// Upper bound of the [stages](EpilogueStage) of one epilogue.
pub(crate) const MAX_STAGES: usize = 8;

/// Results of one position, the stages to apply, and their destinations.
#[derive(Debug)]
pub(crate) struct RowEpilogue<'a, 'b> {
    pub(crate) channels: usize,
    pub(crate) start: EpilogueInput<'a>,
    pub(crate) stages: &'a [EpilogueStage<'a>],
    /// Destination of floats, if they are kept.
    pub(crate) out: Option<&'a mut [f32]>,
    pub(crate) comparisons: &'a [ChannelThresholds],
    /// Destination of each comparison's bits, with rows, planes and positions of units.
    pub(crate) bits: &'a mut [&'b mut [u32]],
    pub(crate) position: UnitPosition,
}

/// Location of a position's bits in every plane of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitPosition {
    /// Index of the row.
    pub(crate) row: usize,
    /// Units per row and plane.
    pub(crate) row_units: usize,
    /// First unit of the position in its row.
    pub(crate) first: usize,
}

impl UnitPosition {
    /// First unit in plane `plane` of `planes`.
    #[inline(always)]
    pub(crate) const fn unit(self, plane: usize, planes: usize) -> usize {
        (self.row * planes + plane) * self.row_units + self.first
    }

    /// Sets the bits of some channels from `first` on, in one plane.
    #[inline(always)]
    fn set(self, bits: &mut [u32], (plane, planes): (usize, usize), first: usize, found: u32) {
        let unit = &mut bits[self.unit(plane, planes) + first / UNIT];
        // The first channels of a unit clear its old bits.
        *unit = if first.is_multiple_of(UNIT) { found } else { *unit | found << (first % UNIT) };
    }
}

/// Initial results, one per channel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EpilogueInput<'a> {
    /// Dot products of as many filters, or more.
    DotProducts(DotProducts<'a>),
    Row(&'a [f32]),
    /// The destination of floats.
    Out,
}

/// A stage of the epilogue.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EpilogueStage<'a> {
    /// Pointwise function.
    Pointwise(&'a PointwiseFunction),
    /// Addition of a row.
    Add(&'a [f32]),
    /// Addition of the destination's old content.
    AddOut,
}

/// Thresholds that encode results as levels: the level is the number of thresholds that `sign · result`
/// reaches.
#[derive(Debug)]
pub(crate) struct ChannelThresholds {
    pub(crate) sign: AlignedBuffer<f32>,
    /// One row per threshold, as long as `sign`.
    pub(crate) thresholds: AlignedBuffer<f32>,
}

impl ChannelThresholds {
    /// Creates thresholds from one row per level.
    pub(crate) fn new(sign: &[f32], thresholds: &[Vec<f32>]) -> Self {
        Self { sign: AlignedBuffer::new(sign), thresholds: AlignedBuffer::new(&thresholds.concat()) }
    }

    /// Number of planes, and the bits in each; `reaches` returns the channels that reach a row of thresholds.
    #[inline(always)]
    fn planes(&self, reaches: impl Fn(&[f32]) -> u32) -> (usize, [u32; BitEncoding::MAX_PLANES]) {
        let rows = self.thresholds.chunks_exact(self.sign.len());
        let (planes, mut found) = (planes_of(rows.len()), [0; BitEncoding::MAX_PLANES]);
        for (reached, at) in rows.enumerate() {
            let bits = reaches(at);
            found[..toggled_planes(reached + 1)].iter_mut().for_each(|found| *found ^= bits);
        }
        (planes, found)
    }
}

impl RowEpilogue<'_, '_> {
    /// Applies the epilogue. `at_least` returns one bit for each of up to [`UNIT`] values: 1 if it is at
    /// least its threshold.
    ///
    /// # Panics
    /// If a slice is too short.
    #[inline(always)]
    pub(super) fn run(mut self, at_least: impl Fn(&[f32], &[f32]) -> u32) {
        let channels = self.channels;
        let (whole, most) = (channels / UNIT * UNIT, channels / LANES * LANES);
        for first in (0..whole).step_by(UNIT) {
            self.part::<UNIT>(first, &at_least);
        }
        for first in (whole..most).step_by(LANES) {
            self.part::<LANES>(first, &at_least);
        }
        for first in most..channels {
            self.part::<1>(first, &at_least);
        }
    }

    #[inline(always)]
    fn part<const N: usize>(&mut self, first: usize, at_least: impl Fn(&[f32], &[f32]) -> u32) {
        let of = |row: &[f32]| -> [f32; N] { *row[first..].first_chunk().expect("a whole row") };
        let out = || of(self.out.as_deref().expect("results where they go"));
        let mut values = match self.start {
            EpilogueInput::DotProducts(sums) => sums.outputs(first),
            EpilogueInput::Row(row) => of(row),
            EpilogueInput::Out => out(),
        };
        for stage in self.stages {
            values = match *stage {
                EpilogueStage::Pointwise(function) => function.apply(first, values),
                EpilogueStage::Add(row) => sum(values, of(row)),
                EpilogueStage::AddOut => sum(values, out()),
            };
        }
        if let Some(out) = &mut self.out {
            out[first..first + N].copy_from_slice(&values);
        }
        for (comparison, bits) in self.comparisons.iter().zip(&mut *self.bits) {
            let ChannelThresholds { sign, thresholds } = comparison;
            let signs = of(sign);
            let signed: [f32; N] = array::from_fn(|lane| signs[lane] * values[lane]);
            if thresholds.len() == sign.len() {
                self.position.set(bits, (0, 1), first, at_least(&signed, &of(thresholds)));
                continue;
            }
            let (planes, found) = comparison.planes(|at| at_least(&signed, &of(at)));
            for (plane, found) in found[..planes].iter().enumerate() {
                self.position.set(bits, (plane, planes), first, *found);
            }
        }
    }
}

#[inline(always)]
fn sum<const N: usize>(a: [f32; N], b: [f32; N]) -> [f32; N] {
    array::from_fn(|lane| a[lane] + b[lane])
}

/// Extends a comparison of [`LANES`] values to any number.
#[inline(always)]
pub(super) fn by_lanes(
    at_least: impl Fn(&[f32; LANES], &[f32; LANES]) -> u32,
) -> impl Fn(&[f32], &[f32]) -> u32 {
    move |values, at| {
        let ((values, last), (at, last_at)) = (values.as_chunks(), at.as_chunks());
        let mut bits = 0;
        for (group, (values, at)) in values.iter().zip(at).enumerate() {
            bits |= at_least(values, at) << (group * LANES);
        }
        for (lane, (value, at)) in last.iter().zip(last_at).enumerate() {
            bits |= u32::from(value >= at) << (values.len() * LANES + lane);
        }
        bits
    }
}

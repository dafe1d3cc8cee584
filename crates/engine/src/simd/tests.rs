//! Every instruction set of this machine against plain Rust, bit for bit.

use dabnet_graph::PointwiseOp;
use proptest::prelude::*;
use std::cell::Cell;

use super::{
    aligned_buffer::AlignedBuffer,
    bit_encoding::BitEncoding,
    epilogue::{ChannelThresholds, EpilogueInput, EpilogueStage, MAX_STAGES, RowEpilogue, UnitPosition},
    filters::{BitFilters, BitPatches, FilterPart, LANES, PatchPlanes},
    isa::Isa,
    kernels::SimdKernels,
    operands::{DotProducts, GatherRuns, PatchComparison, SparseTap},
    pointwise::PointwiseFunction,
};

fn others() -> impl Iterator<Item = SimdKernels> {
    Isa::supported().filter(|isa| *isa != Isa::Scalar).map(|isa| SimdKernels::new(isa).unwrap())
}

fn scalar() -> SimdKernels {
    SimdKernels::new(Isa::Scalar).unwrap()
}

/// The usual number, or fewer for Miri, which takes some thousand times as long.
const fn up_to(usual: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { usual }
}

/// Filters of up to 70 words, a part of them, and what that is compared with.
#[derive(Clone, Debug)]
struct Layer {
    len: usize,
    rows: Vec<u8>,
    part: FilterPart,
    units: Vec<u32>,
    starts: Vec<u32>,
    step: usize,
}

impl Layer {
    fn filters(&self) -> BitFilters {
        BitFilters::new(&self.rows, 1, self.len)
    }

    /// Units from the start of a patch to its end.
    fn span(&self) -> usize {
        (self.part.rows - 1) * self.step + 2 * self.part.run
    }

    fn patches(&self) -> BitPatches<'_> {
        BitPatches { units: &self.units, starts: &self.starts, step: self.step }
    }
}

/// Filters of whole words with patches that may share units, as those of neighbors do; or others, with
/// patches one after another in which the bits beyond a filter's length are 0.
fn layer() -> impl Strategy<Value = Layer> {
    (1..up_to(4500, 200), any::<bool>(), 1..up_to(140, 40), 1..up_to(12, 6)).prop_flat_map(
        |(len, whole_words, filters, patches)| {
            let len = if whole_words { len.next_multiple_of(64) } else { len };
            (
                prop::collection::vec(any::<u8>(), filters * len.div_ceil(8)),
                prop::collection::vec(any::<u32>(), 2 * patches * len.div_ceil(64)),
                any::<[usize; 4]>(),
                (0..40_usize, 1..90_usize),
            )
                .prop_map(move |(rows, units, choice, apart)| layer_of(len, rows, units, choice, apart))
        },
    )
}

fn layer_of(
    len: usize,
    rows: Vec<u8>,
    mut units: Vec<u32>,
    choice: [usize; 4],
    (step, apart): (usize, usize),
) -> Layer {
    let words = len.div_ceil(64);
    let whole = FilterPart { first: 0, run: words, step: words, rows: 1 };
    let (part, step, apart) =
        if len.is_multiple_of(64) { (part(words, choice), step, apart) } else { (whole, 0, 2 * words) };
    for (unit, bits) in units.iter_mut().enumerate().filter(|_| !len.is_multiple_of(64)) {
        let used = len.saturating_sub(unit % (2 * words) * 32);
        *bits &= if used < 32 { (1 << used) - 1 } else { u32::MAX };
    }
    let last = (part.rows - 1) * step + 2 * part.run;
    let starts = (0..units.len()).step_by(apart).filter(|start| start + last <= units.len());
    Layer { len, rows, part, starts: starts.map(|start| start as u32).collect(), units, step }
}

/// A part of filters of so many words.
fn part(words: usize, [run, gap, rows, first]: [usize; 4]) -> FilterPart {
    let run = run % words + 1;
    let step = run + gap % 3;
    let rows = rows % ((words - run) / step + 1) + 1;
    let first = first % (words - run - (rows - 1) * step + 1);
    FilterPart { first, run, step, rows }
}

fn float() -> impl Strategy<Value = f32> {
    prop_oneof![-2.0f32..2.0, Just(0.0), Just(-0.0), Just(f32::INFINITY), Just(f32::NEG_INFINITY)]
}

fn finite() -> impl Strategy<Value = f32> {
    prop_oneof![-2.0f32..2.0, Just(0.0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(up_to(200, 3) as u32))]

    #[test]
    fn differences_agree(layer in layer()) {
        let (filters, patches) = (layer.filters(), layer.patches());
        let counts = patches.count() * filters.padded();
        let mut expected = vec![0; counts];
        scalar().count_differences(patches, &filters, layer.part, &mut expected);
        for kernels in others() {
            let mut found = vec![u32::MAX; counts];
            kernels.count_differences(patches, &filters, layer.part, &mut found);
            prop_assert_eq!(&found, &expected, "{}", kernels.isa());
        }
    }

    #[test]
    fn distances_agree(
        words in 1..10_usize,
        bits in prop::collection::vec(any::<u64>(), 0..200),
        query in prop::collection::vec(any::<u64>(), 10),
    ) {
        let (count, query) = (bits.len() / words, &query[..words]);
        let codes = &bits[..count * words];
        let differing = |code: &[u64]| code.iter().zip(query).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
        let expected: Vec<u32> = codes.chunks_exact(words).map(differing).collect();
        for isa in Isa::supported() {
            let mut found = vec![u32::MAX; count];
            super::hamming_distances(isa, query, codes, &mut found).unwrap();
            prop_assert_eq!(&found, &expected, "{}", isa);
        }
    }

    #[test]
    fn gathered_runs_agree(
        source in prop::collection::vec(any::<u32>(), 400),
        (count, len) in (1..8_usize, 1..40_usize),
        (from_step, to_step) in (0..50_usize, 40..50_usize),
    ) {
        let runs = GatherRuns { count, len, from_step, to_step };
        let mut expected = vec![0; 400];
        let ones = scalar().gather(&source, runs, &mut expected);
        let copied = (0..count * len).map(|at| (at / len, at % len));
        for (run, at) in copied {
            prop_assert_eq!(expected[run * to_step + at], source[run * from_step + at]);
        }
        prop_assert_eq!(ones, expected.iter().map(|unit| unit.count_ones()).sum::<u32>());
        for kernels in others() {
            let mut found = vec![0; 400];
            prop_assert_eq!(kernels.gather(&source, runs, &mut found), ones, "{}", kernels.isa());
            prop_assert_eq!(&found, &expected, "{}", kernels.isa());
        }
    }

    #[test]
    fn comparisons_agree(
        layer in layer(),
        lanes in prop::collection::vec((0..5000_i32, finite(), finite(), float()), 144),
        total in -3000_i32..3000,
        (planes, to_planes, step) in (1..=BitEncoding::MAX_PLANES, 1..=BitEncoding::MAX_PLANES, 0..9_usize),
    ) {
        // Planes that may lie on each other, with as many patches as all of them hold.
        let step = if layer.len.is_multiple_of(64) { step } else { step % 2 * 2 * layer.len.div_ceil(64) };
        let units = layer.units.len().saturating_sub((planes - 1) * step);
        let (planes, step) = if units < layer.span() { (1, 0) } else { (planes, step) };
        let starts: Vec<u32> = layer
            .starts
            .iter()
            .copied()
            .filter(|&start| start as usize + (planes - 1) * step + layer.span() <= layer.units.len())
            .collect();
        let first = BitPatches { starts: &starts, ..layer.patches() };
        let (filters, patches) = (layer.filters(), PatchPlanes { first, planes, step });
        let (padded, number) = (filters.padded(), patches.count());
        let lanes = &lanes[..padded];
        let base: Vec<i32> = lanes.iter().map(|lane| lane.0).collect();
        let dot_factor: Vec<f32> = lanes.iter().map(|lane| lane.1).collect();
        let sum_factor: Vec<f32> = lanes.iter().map(|lane| lane.2).collect();
        // Numbers that are reached one after another, as those of levels are.
        let at: Vec<AlignedBuffer<f32>> = (0..(1 << to_planes) - 1)
            .map(|level| lanes.iter().map(|lane| lane.3 + level as f32).collect::<Vec<f32>>())
            .map(|at| AlignedBuffer::new(&at))
            .collect();
        let totals: Vec<f32> = (0..number as i32).map(|patch| (total + 17 * patch) as f32).collect();
        let compared = PatchComparison {
            patches,
            filters: &filters,
            part: layer.part,
            totals: &totals,
            base: &base,
            dot_factor: &dot_factor,
            sum_factor: &sum_factor,
            thresholds: &at,
        };
        let mut counts = vec![0; number * padded];
        let mut spare = counts.clone();
        let plane = padded.div_ceil(32);
        let mut expected = vec![u32::MAX; number * to_planes * plane];
        scalar().compare_patches(&compared, &mut counts, &mut spare, &mut expected);
        for plane in 0..planes {
            let mut lower = vec![0; counts.len()];
            scalar().count_differences(patches.plane(plane), &filters, layer.part, &mut lower);
            spare.iter_mut().zip(&lower).for_each(|(sum, lower)| {
                *sum = if plane == 0 { 0 } else { *sum } + (lower << plane);
            });
        }
        prop_assert_eq!(&spare, &counts);
        // Without anything done to them, the results are what they are compared as.
        let mut floats = vec![f32::NAN; padded];
        for (patch, &total) in totals.iter().enumerate() {
            let sums = DotProducts {
                counts: &counts[patch * padded..][..padded],
                base: &base,
                total,
                dot_factor: &dot_factor,
                sum_factor: &sum_factor,
            };
            scalar().run_epilogue(RowEpilogue {
                channels: padded,
                start: EpilogueInput::DotProducts(sums),
                stages: &[],
                out: Some(&mut floats),
                comparisons: &[],
                bits: &mut [],
                position: UnitPosition { row: 0, row_units: 0, first: 0 },
            });
            let bits = &expected[patch * to_planes * plane..];
            for (filter, float) in floats.iter().enumerate() {
                let reached = at.iter().filter(|at| *float >= at[filter]).count();
                let bit = |at: usize| (bits[at * plane + filter / 32] >> (filter % 32) & 1) as usize;
                prop_assert_eq!((0..to_planes).map(|at| bit(at) << at).sum::<usize>(), reached);
            }
        }
        for kernels in others() {
            let mut found = vec![7; expected.len()];
            kernels.compare_patches(&compared, &mut counts, &mut spare, &mut found);
            prop_assert_eq!(&found, &expected, "{}", kernels.isa());
        }
    }

    #[test]
    fn finished_results_agree(
        lanes in prop::collection::vec(
            (0..5000_u32, 0..5000_i32, [finite(), finite(), finite(), finite(), finite()], any::<bool>(), float()),
            8..up_to(200, 24),
        ),
        stages in prop::collection::vec(0..PointwiseOp::ALL.len() + 3, 0..MAX_STAGES),
        (start, keeps, comparisons) in (0..3_usize, any::<bool>(), 0..3_usize),
        (cut, planes, at_row) in (0..8_usize, 1..=BitEncoding::MAX_PLANES, 0..3_usize),
    ) {
        let padded = lanes.len() / LANES * LANES;
        let (lanes, channels) = (&lanes[..padded], padded - cut);
        let number = |which: usize| -> Vec<f32> { lanes.iter().map(|lane| lane.2[which]).collect() };
        let counts: Vec<u32> = lanes.iter().map(|lane| lane.0).collect();
        let base: Vec<i32> = lanes.iter().map(|lane| lane.1).collect();
        let (dot_factor, sum_factor, scale, shift, row) = (number(0), number(1), number(2), number(3), number(4));
        let sign: Vec<f32> = lanes.iter().map(|lane| if lane.3 { 1.0 } else { -1.0 }).collect();
        let at: Vec<f32> = lanes.iter().map(|lane| lane.4).collect();
        let sums = DotProducts { counts: &counts, base: &base, total: 7.0, dot_factor: &dot_factor, sum_factor: &sum_factor };
        let column = Cell::new(0);
        let parameter = |_: &str| {
            column.set(column.get() + 1);
            Ok(number(2 + column.get() % 3)[..channels].to_vec())
        };
        let affine = PointwiseFunction::Affine { scale: scale.clone(), shift: shift.clone() };
        let mut functions = vec![affine];
        functions.extend(PointwiseOp::ALL.map(|op| PointwiseFunction::new(op, parameter).unwrap()));
        let stages: Vec<EpilogueStage<'_>> = stages
            .into_iter()
            .map(|stage| match functions.get(stage) {
                Some(function) => EpilogueStage::Pointwise(function),
                None if stage == functions.len() && keeps => EpilogueStage::AddOut,
                None => EpilogueStage::Add(&row[..channels]),
            })
            .collect();
        let start = match start {
            0 => EpilogueInput::DotProducts(sums),
            1 if keeps => EpilogueInput::Out,
            _ => EpilogueInput::Row(&row[..channels]),
        };
        let finished = |kernels: SimdKernels| {
            let mut out = scale[..channels].to_vec();
            let row_units = 2 + channels.div_ceil(32);
            let mut bits = vec![vec![u32::MAX; (at_row + 1) * planes * row_units]; comparisons];
            let level = |level: usize| at.iter().map(|at| at + level as f32).collect::<Vec<f32>>();
            let at: Vec<_> = (0..(1 << planes) - 1).map(level).collect();
            let comparison = || ChannelThresholds::new(&sign, &at);
            kernels.run_epilogue(RowEpilogue {
                channels,
                start,
                stages: &stages,
                out: keeps.then_some(&mut out),
                comparisons: &(0..comparisons).map(|_| comparison()).collect::<Vec<_>>(),
                bits: &mut bits.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>(),
                position: UnitPosition { row: at_row, row_units, first: 1 },
            });
            (out.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), bits)
        };
        let expected = finished(scalar());
        for kernels in others() {
            prop_assert_eq!(&finished(kernels), &expected, "{}", kernels.isa());
        }
    }

    #[test]
    fn maxima_agree(
        channels in 1..up_to(200, 40),
        values in prop::collection::vec(float(), 0..up_to(1800, 200)),
    ) {
        let rows: Vec<&[f32]> = values.chunks_exact(channels).collect();
        let mut expected = vec![-1.0; channels];
        scalar().max_rows(&rows, &mut expected);
        for (channel, &most) in expected.iter().enumerate() {
            prop_assert_eq!(most, rows.iter().map(|row| row[channel]).fold(-1.0, f32::max));
        }
        for kernels in others() {
            let mut found = vec![-1.0; channels];
            kernels.max_rows(&rows, &mut found);
            prop_assert!(same_bits(&found, &expected), "{}", kernels.isa());
        }
    }

    #[test]
    fn added_products_agree(
        channels in 1..up_to(100, 40),
        values in prop::collection::vec(finite(), up_to(2000, 200)),
    ) {
        let rows: Vec<[&[f32]; 2]> =
            values.chunks_exact(2 * channels).map(|pair| pair.split_at(channels).into()).collect();
        let mut expected = vec![0.5; channels];
        scalar().add_products(&rows, &mut expected);
        for (channel, &sum) in expected.iter().enumerate() {
            let by_one = rows.iter().fold(0.5, |sum, row| sum + row[0][channel] * row[1][channel]);
            prop_assert!(same_bits(&[sum], &[by_one]), "channel {channel}: {sum}, not {by_one}");
        }
        for kernels in others() {
            let mut found = vec![0.5; channels];
            kernels.add_products(&rows, &mut found);
            prop_assert!(same_bits(&found, &expected), "{}", kernels.isa());
        }
    }

    #[test]
    fn unequal_values_agree(values in prop::collection::vec(prop_oneof![Just(0.5_f32), float()], 1..200)) {
        let mut expected = vec![0; values.len().div_ceil(64)];
        scalar().mark_unequal(&values, 0.5, &mut expected);
        for (at, &value) in values.iter().enumerate() {
            prop_assert_eq!(expected[at / 64] >> (at % 64) & 1 == 1, value != 0.5);
        }
        prop_assert_eq!(expected.iter().map(|word| word.count_ones() as usize).sum::<usize>(),
            values.iter().filter(|&&value| value != 0.5).count());
        for kernels in others() {
            let mut found = vec![0; expected.len()];
            kernels.mark_unequal(&values, 0.5, &mut found);
            prop_assert_eq!(&found, &expected, "{}", kernels.isa());
        }
    }

    #[test]
    fn row_sums_agree(
        channels in 1..up_to(200, 70),
        weights in prop::collection::vec(-1.0f32..1.0, up_to(4000, 200)),
        taps in prop::collection::vec((any::<u32>(), finite()), 0..up_to(40, 6)),
        first in 0..1000_u32,
    ) {
        let rows = (weights.len() / channels) as u32;
        let taps: Vec<SparseTap> = taps.iter().map(|&(row, value)| SparseTap { row: first + row % rows, value }).collect();
        let mut expected = vec![f32::NAN; channels];
        scalar().sum_weight_rows(&taps, first, &weights, &mut expected);
        for kernels in others() {
            let mut found = vec![f32::NAN; channels];
            kernels.sum_weight_rows(&taps, first, &weights, &mut found);
            prop_assert!(same_bits(&found, &expected), "{}", kernels.isa());
        }
    }
}

/// The most that there can be to count, past where sums of 8 and of 16 bits would overflow.
#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn counts_do_not_overflow() {
    for len in [64 * 248, 64 * 1094_usize] {
        let filters = BitFilters::new(&vec![0; 33 * len.div_ceil(8)], 1, len);
        let units = vec![u32::MAX; len / 32];
        let patches = BitPatches { units: &units, starts: &[0; 5], step: 0 };
        for kernels in others() {
            let mut counts = vec![0; 5 * filters.padded()];
            kernels.count_differences(patches, &filters, filters.whole(), &mut counts);
            assert!(counts.iter().all(|&count| count == len as u32), "{}", kernels.isa());
        }
    }
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
}

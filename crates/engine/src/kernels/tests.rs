//! Every instruction set of this machine against plain Rust, bit for bit.

use proptest::prelude::*;

use super::*;
use crate::aligned::Aligned;

fn others() -> impl Iterator<Item = Kernels> {
    Isa::supported().filter(|isa| *isa != Isa::Scalar).map(|isa| Kernels { isa })
}

const SCALAR: Kernels = Kernels { isa: Isa::Scalar };

/// As many as usual, or fewer where Miri takes some thousand times as long.
const fn up_to(usual: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { usual }
}

/// The length and bits of filters of up to 70 words, patches as long, whose bits beyond the filters'
/// length are 0, and numbers that choose a part.
fn layer() -> impl Strategy<Value = (usize, Vec<u8>, Vec<u64>, [usize; 4])> {
    (1..up_to(4500, 200), 1..up_to(140, 40), 1..up_to(12, 6)).prop_flat_map(|(len, filters, patches)| {
        (
            Just(len),
            prop::collection::vec(any::<u8>(), filters * len.div_ceil(8)),
            prop::collection::vec(any::<u64>(), patches * len.div_ceil(64))
                .prop_map(move |words| cut(words, len)),
            any::<[usize; 4]>(),
        )
    })
}

/// A part of filters of so many words.
fn part(words: usize, [run, gap, rows, first]: [usize; 4]) -> Part {
    let run = run % words + 1;
    let step = run + gap % 3;
    let rows = rows % ((words - run) / step + 1) + 1;
    let first = first % (words - run - (rows - 1) * step + 1);
    Part { first, run, step, rows }
}

/// The same words of every patch.
fn parts_of(patches: &[u64], words: usize, part: Part) -> Vec<u64> {
    let runs = |patch: &[u64]| -> Vec<u64> {
        (0..part.rows).flat_map(|row| patch[part.first + row * part.step..][..part.run].to_vec()).collect()
    };
    patches.chunks_exact(words).flat_map(runs).collect()
}

/// Clears the bits of each patch beyond `len`.
fn cut(mut words: Vec<u64>, len: usize) -> Vec<u64> {
    let spare = len.next_multiple_of(64) - len;
    words.chunks_exact_mut(len.div_ceil(64)).for_each(|patch| patch[patch.len() - 1] &= u64::MAX >> spare);
    words
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
    fn differences_agree((len, rows, patches, choice) in layer()) {
        let filters = BitFilters::new(&rows, 1, len);
        let counts = patches.len() / filters.words() * filters.padded();
        for part in [filters.whole(), part(filters.words(), choice)] {
            let patches = parts_of(&patches, filters.words(), part);
            let mut expected = vec![0; counts];
            SCALAR.count_differences(&patches, &filters, part, &mut expected);
            for kernels in others() {
                let mut found = vec![u32::MAX; counts];
                kernels.count_differences(&patches, &filters, part, &mut found);
                prop_assert_eq!(&found, &expected, "{}", kernels.isa());
            }
        }
    }

    #[test]
    fn gathered_runs_agree(
        source in prop::collection::vec(any::<u32>(), 400),
        (count, len) in (1..8_usize, 1..40_usize),
        (from_step, to_step) in (0..50_usize, 40..50_usize),
    ) {
        let runs = Runs { count, len, from_step, to_step };
        let mut expected = vec![0; 400];
        let ones = SCALAR.gather(&source, runs, &mut expected);
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
        (len, rows, patches, choice) in layer(),
        lanes in prop::collection::vec((0..5000_i32, finite(), finite(), float()), 144),
        totals in prop::collection::vec(-3000_i32..3000, 12),
    ) {
        let filters = BitFilters::new(&rows, 1, len);
        let (padded, number) = (filters.padded(), patches.len() / filters.words());
        let part = part(filters.words(), choice);
        let patches = parts_of(&patches, filters.words(), part);
        let lanes = &lanes[..padded];
        let base: Vec<i32> = lanes.iter().map(|lane| lane.0).collect();
        let slope: Vec<f32> = lanes.iter().map(|lane| lane.1).collect();
        let lift: Vec<f32> = lanes.iter().map(|lane| lane.2).collect();
        let at: Vec<f32> = lanes.iter().map(|lane| lane.3).collect();
        let totals: Vec<f32> = totals[..number].iter().map(|&total| total as f32).collect();
        let compared = Compared {
            patches: &patches,
            filters: &filters,
            part,
            totals: &totals,
            base: &base,
            slope: &slope,
            lift: &lift,
            at: &at,
        };
        let mut counts = vec![0; number * padded];
        let mut expected = vec![u32::MAX; number * padded.div_ceil(32)];
        SCALAR.compare_patches(&compared, &mut counts, &mut expected);
        // Without anything done to them, the results are what they are compared as.
        let mut floats = vec![f32::NAN; padded];
        for (patch, &total) in totals.iter().enumerate() {
            let sums = Sums {
                counts: &counts[patch * padded..][..padded],
                base: &base,
                total,
                slope: &slope,
                lift: &lift,
            };
            SCALAR.finish(Finish {
                channels: padded,
                start: Start::Sums(sums),
                stages: &[],
                out: Some(&mut floats),
                comparisons: &[],
                bits: &mut [],
                unit: 0,
            });
            let bits = &expected[patch * padded.div_ceil(32)..];
            for (filter, (float, at)) in floats.iter().zip(&at).enumerate() {
                prop_assert_eq!(float >= at, bits[filter / 32] >> (filter % 32) & 1 == 1);
            }
        }
        for kernels in others() {
            let mut found = vec![7; expected.len()];
            kernels.compare_patches(&compared, &mut counts, &mut found);
            prop_assert_eq!(&found, &expected, "{}", kernels.isa());
        }
    }

    #[test]
    fn finished_results_agree(
        lanes in prop::collection::vec(
            (0..5000_u32, 0..5000_i32, [finite(), finite(), finite(), finite(), finite()], any::<bool>(), float()),
            8..up_to(200, 24),
        ),
        stages in prop::collection::vec(0..4_usize, 0..MAX_STAGES),
        (start, keeps, comparisons) in (0..3_usize, any::<bool>(), 0..3_usize),
        cut in 0..8_usize,
    ) {
        let padded = lanes.len() / LANES * LANES;
        let (lanes, channels) = (&lanes[..padded], padded - cut);
        let number = |which: usize| -> Vec<f32> { lanes.iter().map(|lane| lane.2[which]).collect() };
        let counts: Vec<u32> = lanes.iter().map(|lane| lane.0).collect();
        let base: Vec<i32> = lanes.iter().map(|lane| lane.1).collect();
        let (slope, lift, scale, shift, row) = (number(0), number(1), number(2), number(3), number(4));
        let sign: Vec<f32> = lanes.iter().map(|lane| if lane.3 { 1.0 } else { -1.0 }).collect();
        let at: Vec<f32> = lanes.iter().map(|lane| lane.4).collect();
        let sums = Sums { counts: &counts, base: &base, total: 7.0, slope: &slope, lift: &lift };
        let stages: Vec<Stage<'_>> = stages
            .into_iter()
            .map(|stage| match stage {
                0 => Stage::Affine { scale: &scale[..channels], shift: &shift[..channels] },
                1 => Stage::Relu,
                2 => Stage::Add(&row[..channels]),
                _ if keeps => Stage::AddOut,
                _ => Stage::Relu,
            })
            .collect();
        let start = match start {
            0 => Start::Sums(sums),
            1 if keeps => Start::Out,
            _ => Start::Row(&row[..channels]),
        };
        let finished = |kernels: Kernels| {
            let mut out = scale[..channels].to_vec();
            let mut bits = vec![vec![u32::MAX; 1 + channels.div_ceil(32)]; comparisons];
            let comparison = || Comparison { sign: Aligned::new(&sign), at: Aligned::new(&at) };
            kernels.finish(Finish {
                channels,
                start,
                stages: &stages,
                out: keeps.then_some(&mut out),
                comparisons: &(0..comparisons).map(|_| comparison()).collect::<Vec<_>>(),
                bits: &mut bits.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>(),
                unit: 1,
            });
            (out.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), bits)
        };
        let expected = finished(SCALAR);
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
        SCALAR.max_rows(&rows, &mut expected);
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
    fn unequal_values_agree(values in prop::collection::vec(prop_oneof![Just(0.5_f32), float()], 1..200)) {
        let mut expected = vec![0; values.len().div_ceil(64)];
        SCALAR.unequal(&values, 0.5, &mut expected);
        for (at, &value) in values.iter().enumerate() {
            prop_assert_eq!(expected[at / 64] >> (at % 64) & 1 == 1, value != 0.5);
        }
        prop_assert_eq!(expected.iter().map(|word| word.count_ones() as usize).sum::<usize>(),
            values.iter().filter(|&&value| value != 0.5).count());
        for kernels in others() {
            let mut found = vec![0; expected.len()];
            kernels.unequal(&values, 0.5, &mut found);
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
        let taps: Vec<Tap> = taps.iter().map(|&(row, value)| Tap { row: first + row % rows, value }).collect();
        let mut expected = vec![f32::NAN; channels];
        SCALAR.sum_rows(&taps, first, &weights, &mut expected);
        for kernels in others() {
            let mut found = vec![f32::NAN; channels];
            kernels.sum_rows(&taps, first, &weights, &mut found);
            prop_assert!(same_bits(&found, &expected), "{}", kernels.isa());
        }
    }
}

/// The most that there can be to count, past where sums of 8 and of 16 bits would overflow.
#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn counts_do_not_overflow() {
    for len in [64 * 248, 70_000_usize] {
        let filters = BitFilters::new(&vec![0; 33 * len.div_ceil(8)], 1, len);
        let patches = cut(vec![u64::MAX; 5 * filters.words()], len);
        for kernels in others() {
            let mut counts = vec![0; 5 * filters.padded()];
            kernels.count_differences(&patches, &filters, filters.whole(), &mut counts);
            assert!(counts.iter().all(|&count| count == len as u32), "{}", kernels.isa());
        }
    }
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
}

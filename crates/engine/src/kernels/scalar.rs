//! Plain Rust: the definition that the other instruction sets are tested against. The loops
//! over floats are compiled again for every instruction set; what differs between those is an
//! argument.

use std::array;

use super::{BitFilters, LANES, Sums, Tap};

pub(super) fn count_differences(patches: &[u64], filters: &BitFilters, counts: &mut [u32]) {
    let patches = patches.chunks_exact(filters.words());
    for (patch, counts) in patches.zip(counts.chunks_exact_mut(filters.padded())) {
        for (group, counts) in counts.chunks_exact_mut(LANES).enumerate() {
            let mut sums = [0; LANES];
            for (lanes, &word) in filters.group(group, 1).iter().zip(patch) {
                for (sum, lane) in sums.iter_mut().zip(lanes.0) {
                    *sum += (lane ^ word).count_ones();
                }
            }
            counts.copy_from_slice(&sums);
        }
    }
}

#[inline(always)]
pub(super) fn count_ones(words: &[u64]) -> u32 {
    words.iter().map(|word| word.count_ones()).sum()
}

/// `rounds` times eight words: XOR, population count, addition, and nothing from memory.
#[inline(always)]
pub(super) fn busy(rounds: usize) -> u64 {
    let mut sums = [0x9e37_79b9_7f4a_7c15_u64; 8];
    for round in 0..rounds as u64 {
        for sum in &mut sums {
            *sum = sum.wrapping_add(u64::from((*sum ^ round).count_ones()));
        }
    }
    sums.iter().fold(0, |all, sum| all ^ sum)
}

pub(super) fn compare_sums(sums: Sums<'_>, at: &[f32], out: &mut [u64]) {
    compare_sums_by(at_least, sums, at, out);
}

/// [`compare_sums`] with another way to compare [`LANES`] numbers with as many.
#[inline(always)]
pub(super) fn compare_sums_by(
    at_least: impl Fn(&[f32; LANES], &[f32; LANES]) -> u64,
    sums: Sums<'_>,
    at: &[f32],
    out: &mut [u64],
) {
    out.fill(0);
    for (group, at) in at.as_chunks().0.iter().enumerate() {
        let values = sums.outputs(group * LANES);
        out[group / 8] |= at_least(&values, at) << (group % 8 * LANES);
    }
}

#[inline(always)]
pub(super) fn scale_sums(sums: Sums<'_>, out: &mut [f32]) {
    let Sums { counts, base, total, slope, lift } = sums;
    let integers = counts.iter().zip(base);
    for ((out, (&count, &base)), (&slope, &lift)) in out.iter_mut().zip(integers).zip(slope.iter().zip(lift))
    {
        *out = slope * (base - 2 * count as i32) as f32 + lift * total;
    }
}

pub(super) fn compare_values(values: &[f32], sign: &[f32], at: &[f32], out: &mut [u64]) {
    compare_values_by(at_least, values, sign, at, out);
}

/// [`compare_values`] with another way to compare [`LANES`] numbers with as many.
#[inline(always)]
pub(super) fn compare_values_by(
    at_least: impl Fn(&[f32; LANES], &[f32; LANES]) -> u64,
    values: &[f32],
    sign: &[f32],
    at: &[f32],
    out: &mut [u64],
) {
    out.fill(0);
    let (values, last) = values.as_chunks::<LANES>();
    let (sign, last_sign) = sign.as_chunks::<LANES>();
    let (at, last_at) = at.as_chunks::<LANES>();
    for (group, ((values, sign), at)) in values.iter().zip(sign).zip(at).enumerate() {
        let values = array::from_fn(|lane| sign[lane] * values[lane]);
        out[group / 8] |= at_least(&values, at) << (group % 8 * LANES);
    }
    let first = LANES * at.len();
    for (channel, ((value, sign), at)) in (first..).zip(last.iter().zip(last_sign).zip(last_at)) {
        out[channel / 64] |= u64::from(sign * value >= *at) << (channel % 64);
    }
}

/// One bit for each number: whether it is at least the other.
#[inline(always)]
fn at_least(values: &[f32; LANES], at: &[f32; LANES]) -> u64 {
    (0..LANES).map(|lane| u64::from(values[lane] >= at[lane]) << lane).sum()
}

pub(super) fn sum_rows(taps: &[Tap], first: u32, weights: &[f32], out: &mut [f32]) {
    sum_rows_by::<32>(taps, first, weights, out);
}

/// [`sum_rows`], keeping sums of `WIDTH` channels in registers at a time, of fewer at the end.
#[inline(always)]
pub(super) fn sum_rows_by<const WIDTH: usize>(taps: &[Tap], first: u32, weights: &[f32], out: &mut [f32]) {
    let channels = out.len();
    let (wide, rest) = out.as_chunks_mut::<WIDTH>();
    let (narrow, rest) = rest.as_chunks_mut::<16>();
    let (single, _) = rest.as_chunks_mut::<1>();
    let (narrow_at, single_at) = (WIDTH * wide.len(), channels - single.len());
    for (block, out) in wide.iter_mut().enumerate() {
        *out = sums_of(taps, first, &weights[WIDTH * block..], channels);
    }
    for (block, out) in narrow.iter_mut().enumerate() {
        *out = sums_of(taps, first, &weights[narrow_at + 16 * block..], channels);
    }
    for (block, out) in single.iter_mut().enumerate() {
        *out = sums_of(taps, first, &weights[single_at + block..], channels);
    }
}

/// Sums of the first `WIDTH` of `channels`: of even taps and of odd ones, so that no addition has to
/// wait for the one before, then of both.
#[inline(always)]
fn sums_of<const WIDTH: usize>(taps: &[Tap], first: u32, weights: &[f32], channels: usize) -> [f32; WIDTH] {
    let mut sums = [[0.0; WIDTH]; 2];
    let add = |sums: &mut [f32; WIDTH], tap: &Tap| {
        let row = &weights[(tap.row - first) as usize * channels..][..WIDTH];
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += tap.value * weight);
    };
    let (pairs, last) = taps.as_chunks::<2>();
    for [even, odd] in pairs {
        add(&mut sums[0], even);
        add(&mut sums[1], odd);
    }
    last.iter().for_each(|tap| add(&mut sums[0], tap));
    let [even, odd] = sums;
    array::from_fn(|channel| even[channel] + odd[channel])
}

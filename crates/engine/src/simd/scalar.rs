//! Plain Rust: the definition that the other instruction sets are tested against. The loops
//! over floats are compiled again for every instruction set; what differs between those is an
//! argument.

use std::array;

use super::{
    aligned_buffer::AlignedBuffer,
    bit_encoding::{UNIT, planes_of, toggled_planes},
    epilogue::{RowEpilogue, by_lanes},
    filters::{BitFilters, BitPatches, FilterPart, LANES},
    operands::{DotProducts, GatherRuns, SparseTap},
};

pub(super) fn count_differences(
    patches: BitPatches<'_>,
    filters: &BitFilters,
    part: FilterPart,
    counts: &mut [u32],
) {
    for (patch, counts) in counts.chunks_exact_mut(filters.padded()).enumerate() {
        let [patch] = patches.from(patch);
        for (group, counts) in counts.chunks_exact_mut(LANES).enumerate() {
            let mut sums = [0; LANES];
            let group = filters.group(group, 1);
            for (row, run) in part.runs().enumerate() {
                let words = patch[row * patches.step..][..2 * part.run].as_chunks().0;
                for (lanes, &[low, high]) in group[run..].iter().zip(words) {
                    let word = u64::from(low) | u64::from(high) << UNIT;
                    for (sum, lane) in sums.iter_mut().zip(lanes.0) {
                        *sum += (lane ^ word).count_ones();
                    }
                }
            }
            counts.copy_from_slice(&sums);
        }
    }
}

#[inline(always)]
pub(super) fn count_ones(units: &[u32], counts: &mut [u32]) {
    let each = units.len() / counts.len();
    for (units, count) in units.chunks_exact(each).zip(counts) {
        *count = units.iter().map(|unit| unit.count_ones()).sum();
    }
}

#[inline(always)]
pub(super) fn gather(source: &[u32], runs: GatherRuns, target: &mut [u32]) -> u32 {
    let mut ones = 0;
    for run in 0..runs.count {
        let source = &source[run * runs.from_step..][..runs.len];
        let target = &mut target[run * runs.to_step..][..runs.len];
        let (source, source_rest) = source.as_chunks::<2>();
        let (target, target_rest) = target.as_chunks_mut::<2>();
        for (to, from) in target.iter_mut().zip(source) {
            *to = *from;
            ones += (u64::from(from[0]) | u64::from(from[1]) << 32).count_ones();
        }
        for (to, from) in target_rest.iter_mut().zip(source_rest) {
            *to = *from;
            ones += from.count_ones();
        }
    }
    ones
}

/// `rounds` times eight words: XOR, population count, addition, and nothing from memory.
#[inline(always)]
pub(super) fn popcount_load(rounds: usize) -> u64 {
    let mut sums = [0x9e37_79b9_7f4a_7c15_u64; 8];
    for round in 0..rounds as u64 {
        for sum in &mut sums {
            *sum = sum.wrapping_add(u64::from((*sum ^ round).count_ones()));
        }
    }
    sums.iter().fold(0, |all, sum| all ^ sum)
}

pub(super) fn compare_dot_products(sums: DotProducts<'_>, at: &[AlignedBuffer<f32>], out: &mut [u32]) {
    compare_dot_products_by(at_least, sums, at, out);
}

/// [`compare_dot_products`] with another way to compare [`LANES`] numbers with as many.
#[inline(always)]
pub(super) fn compare_dot_products_by(
    at_least: impl Fn(&[f32; LANES], &[f32; LANES]) -> u32,
    sums: DotProducts<'_>,
    at: &[AlignedBuffer<f32>],
    out: &mut [u32],
) {
    out.fill(0);
    let units = out.len() / planes_of(at.len());
    for first in (0..sums.counts.len()).step_by(LANES) {
        let values = sums.outputs(first);
        for (reached, at) in at.iter().enumerate() {
            let at = at[first..].first_chunk().expect("a number a filter");
            let found = at_least(&values, at) << (first % UNIT);
            for plane in 0..toggled_planes(reached + 1) {
                out[plane * units + first / UNIT] ^= found;
            }
        }
    }
}

pub(super) fn finish(finish: RowEpilogue<'_, '_>) {
    finish.run(by_lanes(at_least));
}

pub(super) fn mark_unequal(values: &[f32], number: f32, bits: &mut [u64]) {
    mark_unequal_by(by_lanes(at_least), values, number, bits);
}

/// [`mark_unequal`] with another way to compare up to [`UNIT`] numbers.
#[inline(always)]
pub(super) fn mark_unequal_by(
    at_least: impl Fn(&[f32], &[f32]) -> u32,
    values: &[f32],
    number: f32,
    bits: &mut [u64],
) {
    let number = [number; UNIT];
    let mut set = |unit: usize, values: &[f32], all: u32| {
        let number = &number[..values.len()];
        let mark_unequal = all & !(at_least(values, number) & at_least(number, values));
        bits[unit / 2] |= u64::from(mark_unequal) << (unit % 2 * UNIT);
    };
    let (units, rest) = values.as_chunks::<UNIT>();
    for (unit, values) in units.iter().enumerate() {
        set(unit, values, u32::MAX);
    }
    if !rest.is_empty() {
        set(units.len(), rest, (1 << rest.len()) - 1);
    }
}

/// One bit for each number: whether it is at least the other.
#[inline(always)]
fn at_least(values: &[f32; LANES], at: &[f32; LANES]) -> u32 {
    (0..LANES).map(|lane| u32::from(values[lane] >= at[lane]) << lane).sum()
}

#[inline(always)]
pub(super) fn max_rows(rows: &[&[f32]], out: &mut [f32]) {
    let (wide, narrow) = out.as_chunks_mut::<16>();
    for (block, out) in wide.iter_mut().enumerate() {
        max_parts(rows, 16 * block, out);
    }
    for (channel, out) in narrow.iter_mut().enumerate() {
        max_parts(rows, 16 * wide.len() + channel, array::from_mut(out));
    }
}

#[inline(always)]
fn max_parts<const N: usize>(rows: &[&[f32]], first: usize, out: &mut [f32; N]) {
    let mut most = *out;
    for row in rows {
        let row: &[f32; N] = row[first..].first_chunk().expect("rows of one length");
        most = array::from_fn(|lane| if row[lane] > most[lane] { row[lane] } else { most[lane] });
    }
    *out = most;
}

#[inline(always)]
pub(super) fn add_products(rows: &[[&[f32]; 2]], out: &mut [f32]) {
    let (wide, rest) = out.as_chunks_mut::<32>();
    for (block, out) in wide.iter_mut().enumerate() {
        add_parts(rows, 32 * block, out);
    }
    let first = 32 * wide.len();
    let (narrow, single) = rest.as_chunks_mut::<8>();
    for (block, out) in narrow.iter_mut().enumerate() {
        add_parts(rows, first + 8 * block, out);
    }
    let first = first + 8 * narrow.len();
    for (channel, out) in single.iter_mut().enumerate() {
        add_parts(rows, first + channel, array::from_mut(out));
    }
}

#[inline(always)]
fn add_parts<const N: usize>(rows: &[[&[f32]; 2]], first: usize, out: &mut [f32; N]) {
    let mut sums = *out;
    for [values, weights] in rows {
        let of = |row: &[f32]| -> [f32; N] { *row[first..].first_chunk().expect("rows of one length") };
        let (values, weights) = (of(values), of(weights));
        (0..N).for_each(|lane| sums[lane] += values[lane] * weights[lane]);
    }
    *out = sums;
}

/// For every byte, ones in place of the bits that are 1.
static MASKS: [[u32; 8]; 256] = {
    let mut masks = [[0; 8]; 256];
    let mut entry = 0;
    while entry < 256 * 8 {
        let (byte, bit) = (entry / 8, entry % 8);
        if (byte >> bit) & 1 == 1 {
            masks[byte][bit] = u32::MAX;
        }
        entry += 1;
    }
    masks
};

#[inline(always)]
pub(super) fn masked_sums(values: &[f32], bits: &[u64], sums: &mut [f32]) -> f32 {
    let (words, _) = values.as_chunks::<64>();
    for (sum, bits) in sums.iter_mut().zip(bits.chunks_exact(words.len())) {
        // Sums of every 32nd value, so that no addition has to wait for the one before.
        let mut lanes = [[0.0; 8]; 4];
        for (values, word) in words.iter().zip(bits) {
            let (values, _) = values.as_chunks::<8>();
            for (byte, (values, mask)) in values.iter().zip(word.to_le_bytes().map(usize::from)).enumerate() {
                lanes[byte % 4] = add_selected(lanes[byte % 4], values, &MASKS[mask]);
            }
        }
        *sum = lanes.as_flattened().iter().sum();
    }
    values.iter().sum()
}

/// Adds the values that are not masked.
#[inline(always)]
fn add_selected(sums: [f32; 8], values: &[f32; 8], mask: &[u32; 8]) -> [f32; 8] {
    array::from_fn(|lane| sums[lane] + f32::from_bits(values[lane].to_bits() & mask[lane]))
}

pub(super) fn sum_weight_rows(taps: &[SparseTap], first: u32, weights: &[f32], out: &mut [f32]) {
    sum_weight_rows_by::<32>(taps, first, weights, out);
}

/// [`sum_weight_rows`], keeping sums of `WIDTH` channels in registers at a time, of fewer at the end.
#[inline(always)]
pub(super) fn sum_weight_rows_by<const WIDTH: usize>(
    taps: &[SparseTap],
    first: u32,
    weights: &[f32],
    out: &mut [f32],
) {
    let channels = out.len();
    if let Ok(out) = <&mut [f32; WIDTH]>::try_from(&mut *out) {
        // As all weights of a row are taken, rows can be told apart without multiplying.
        let (rows, _) = weights.as_chunks::<WIDTH>();
        *out = sums_of(taps, |tap| &rows[(tap.row - first) as usize]);
        return;
    }
    let (wide, rest) = out.as_chunks_mut::<WIDTH>();
    let (narrow, rest) = rest.as_chunks_mut::<16>();
    let (single, _) = rest.as_chunks_mut::<1>();
    let (narrow_at, single_at) = (WIDTH * wide.len(), channels - single.len());
    // `N` weights of a tap from channel `from` on.
    fn part<const N: usize>(weights: &[f32], at: usize) -> &[f32; N] {
        weights[at..].first_chunk().expect("a row of weights a tap")
    }
    let place = |tap: &SparseTap| (tap.row - first) as usize * channels;
    for (block, out) in wide.iter_mut().enumerate() {
        *out = sums_of(taps, |tap| part(weights, place(tap) + WIDTH * block));
    }
    for (block, out) in narrow.iter_mut().enumerate() {
        *out = sums_of(taps, |tap| part(weights, place(tap) + narrow_at + 16 * block));
    }
    for (block, out) in single.iter_mut().enumerate() {
        *out = sums_of(taps, |tap| part(weights, place(tap) + single_at + block));
    }
}

/// Sums of even taps and of odd ones, so that no addition has to wait for the one before, then of
/// both.
#[inline(always)]
fn sums_of<'w, const WIDTH: usize>(
    taps: &[SparseTap],
    row: impl Fn(&SparseTap) -> &'w [f32; WIDTH],
) -> [f32; WIDTH] {
    let mut sums = [[0.0; WIDTH]; 2];
    let add = |sums: &mut [f32; WIDTH], tap: &SparseTap| {
        sums.iter_mut().zip(row(tap)).for_each(|(sum, weight)| *sum += tap.value * weight);
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

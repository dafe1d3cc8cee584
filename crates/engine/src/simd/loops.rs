//! Portable loops that every instruction set uses, compiled for its features and with its own comparison.

use std::array;

use super::{
    aligned_buffer::AlignedBuffer,
    bit_encoding::{UNIT, planes_of, toggled_planes},
    filters::LANES,
    operands::{DotProducts, GatherRuns, SparseTap},
};

#[inline(always)]
pub(super) fn count_ones(units: &[u32], counts: &mut [u32]) {
    let each = units.len() / counts.len();
    for (units, count) in units.chunks_exact(each).zip(counts) {
        *count = units.iter().map(|unit| unit.count_ones()).sum();
    }
}

#[inline(always)]
pub(super) fn hamming_distances(query: &[u64], codes: &[u64], distances: &mut [u32]) {
    // A loop of known length is unrolled, and vectorized where vectors count bits.
    match query.len() {
        4 => distances_of::<4>(query, codes, distances),
        8 => distances_of::<8>(query, codes, distances),
        words => {
            for (code, distance) in codes.chunks_exact(words.max(1)).zip(distances) {
                *distance = query.iter().zip(code).map(|(a, b)| (a ^ b).count_ones()).sum();
            }
        }
    }
}

#[inline(always)]
fn distances_of<const WORDS: usize>(query: &[u64], codes: &[u64], distances: &mut [u32]) {
    let (codes, _) = codes.as_chunks::<WORDS>();
    for (code, distance) in codes.iter().zip(distances) {
        *distance = (0..WORDS).map(|word| (query[word] ^ code[word]).count_ones()).sum();
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

/// Compares dot products with thresholds; `at_least` compares [`LANES`] values with as many thresholds.
#[inline(always)]
pub(super) fn compare_dot_products(
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

/// Marks the values that are not equal to `number`; `at_least` compares up to [`UNIT`] values.
#[inline(always)]
pub(super) fn mark_unequal(
    at_least: impl Fn(&[f32], &[f32]) -> u32,
    values: &[f32],
    number: f32,
    bits: &mut [u64],
) {
    let number = [number; UNIT];
    let mut set = |unit: usize, values: &[f32], all: u32| {
        let number = &number[..values.len()];
        let unequal = all & !(at_least(values, number) & at_least(number, values));
        bits[unit / 2] |= u64::from(unequal) << (unit % 2 * UNIT);
    };
    let (units, rest) = values.as_chunks::<UNIT>();
    for (unit, values) in units.iter().enumerate() {
        set(unit, values, u32::MAX);
    }
    if !rest.is_empty() {
        set(units.len(), rest, (1 << rest.len()) - 1);
    }
}

/// Returns one bit per lane: 1 if the value is at least the threshold.
#[inline(always)]
pub(super) fn at_least(values: &[f32; LANES], at: &[f32; LANES]) -> u32 {
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

/// Lane masks of every byte: all ones for each bit that is 1.
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
        // Eight lanes in four partial sums, so that no addition waits for the one before.
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

/// Sums rows of weights with `WIDTH` channels in registers at a time, fewer at the end.
#[inline(always)]
pub(super) fn sum_weight_rows<const WIDTH: usize>(
    taps: &[SparseTap],
    first: u32,
    weights: &[f32],
    out: &mut [f32],
) {
    let channels = out.len();
    if let Ok(out) = <&mut [f32; WIDTH]>::try_from(&mut *out) {
        // All weights of a row are taken, so that rows need no multiplication.
        let (rows, _) = weights.as_chunks::<WIDTH>();
        *out = sums_of(taps, |tap| &rows[(tap.row - first) as usize]);
        return;
    }
    let (wide, rest) = out.as_chunks_mut::<WIDTH>();
    let (narrow, rest) = rest.as_chunks_mut::<16>();
    let (single, _) = rest.as_chunks_mut::<1>();
    let (narrow_at, single_at) = (WIDTH * wide.len(), channels - single.len());
    // Returns `N` weights of a tap from `at` on.
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

/// Sums of even and of odd taps, so that no addition waits for the one before, then of both.
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

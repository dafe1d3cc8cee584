//! Portable kernels: the reference for the other instruction sets.
#![allow(unsafe_code)]

use super::{
    bit_encoding::UNIT,
    epilogue::by_lanes,
    filters::{BitFilters, BitPatches, FilterPart, LANES},
    isa::Isa,
    kernel_set::kernel_set,
    loops::{self, at_least},
};

kernel_set! {
    ScalarIsa = Isa::Scalar;
    load_bits = 8 * 64;
    gather = loops::gather;
    count_differences = count_differences;
    popcount_load = popcount_load;
    compare_dot_products = |sums, thresholds, out| loops::compare_dot_products(at_least, sums, thresholds, out);
    at_least = by_lanes(at_least);
    sum_weight_rows = loops::sum_weight_rows::<32>;
}

fn count_differences(patches: BitPatches<'_>, filters: &BitFilters, part: FilterPart, counts: &mut [u32]) {
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

/// Runs `rounds` of XOR, population count and addition on eight words, without memory accesses.
#[inline(always)]
fn popcount_load(rounds: usize) -> u64 {
    let mut sums = [0x9e37_79b9_7f4a_7c15_u64; 8];
    for round in 0..rounds as u64 {
        for sum in &mut sums {
            *sum = sum.wrapping_add(u64::from((*sum ^ round).count_ones()));
        }
    }
    sums.iter().fold(0, |all, sum| all ^ sum)
}

//! Any bytes as the files of an imported data set: an error, or sketches that can be drawn.
//!
//! The input is the manifest, the split and one shard, as `dabnet_fuzz::Parts` frames them.
#![no_main]

use dabnet_fuzz::{Parts, check_data_set, common::Random, fuzzed};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| {
    if let Some(parts) = Parts::read(bytes) {
        check_data_set(&parts);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(u64::from(seed));
    let mutated = Parts::read(&data[..size]).map(|parts| parts.mutated(&mut random, fuzzed).written());
    match mutated.filter(|mutated| mutated.len() <= max_size && random.below(16) > 0) {
        Some(mutated) => {
            data[..mutated.len()].copy_from_slice(&mutated);
            mutated.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});

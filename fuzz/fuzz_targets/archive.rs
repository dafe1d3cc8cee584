//! Any bytes as a zip archive, and what is in it as a folder.
#![no_main]

use dabnet_fuzz::{check_archive, common::Random, fuzzed, mutate_archive};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| check_archive(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(u64::from(seed));
    // Its own records are fuzzed as often as what they are about.
    let whole = random.below(2) == 0;
    let mutated = if whole { None } else { mutate_archive(&data[..size], &mut random, fuzzed) };
    match mutated.filter(|mutated| mutated.len() <= max_size) {
        Some(mutated) => {
            data[..mutated.len()].copy_from_slice(&mutated);
            mutated.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});

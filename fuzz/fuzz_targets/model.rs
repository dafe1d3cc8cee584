//! Any bytes as a model file: an error, or a model that is written and read again as the same, and
//! that runs where it is small.
#![no_main]

use dabnet_engine::PackedModel;
use dabnet_fuzz::{
    common::{Numbers, Random},
    fuzzed, is_small, mutate_model, run,
};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = PackedModel::from_bytes(bytes) else { return };
    let written = model.to_bytes().expect("what was read can be written");
    let again = PackedModel::from_bytes(&written).expect("what was written can be read");
    assert_eq!(again, model);
    assert_eq!(again.to_bytes().expect("and written again"), written);
    if is_small(&model.graph) {
        run(&model, Numbers::Real, bytes.len() as u64);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(u64::from(seed));
    let mutated = if random.below(8) == 0 { None } else { mutate_model(&data[..size], &mut random, fuzzed) };
    match mutated.filter(|mutated| mutated.len() <= max_size) {
        Some(mutated) => {
            data[..mutated.len()].copy_from_slice(&mutated);
            mutated.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});

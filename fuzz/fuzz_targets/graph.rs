//! Any JSON as a graph: an error, or a graph that is written and read again as the same, that is
//! counted, and that runs where it is small: the same everywhere, and as the ops are defined.
#![no_main]

use std::hash::{DefaultHasher, Hash, Hasher};

use dabnet_fuzz::{
    common::{Numbers, Random, packed, reference},
    is_small, mutate_graph, run,
};
use dabnet_graph::Graph;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| {
    let Ok(graph) = serde_json::from_slice::<Graph>(bytes) else { return };
    let text = serde_json::to_string(&graph).expect("a graph can be written");
    assert_eq!(serde_json::from_str::<Graph>(&text).expect("what was written can be read"), graph);
    let account = graph.cost();
    assert!(account.bytes() > 0 || account.layers.is_empty());
    assert!(account.energy().is_finite() && account.traffic() < u64::MAX);
    let input = graph.input_shape();
    if !is_small(&graph) || input.height != input.width || !(8..=1024).contains(&input.height) {
        return;
    }
    check_run(graph, seed(bytes));
});

/// What decides everything that the graph leaves open.
fn seed(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn check_run(graph: Graph, seed: u64) {
    let numbers = if seed & 1 == 0 { Numbers::Real } else { Numbers::Dyadic };
    let mut packed = packed(graph, numbers, seed);
    if seed & 6 == 0 {
        // Paper that is no zero, which the first layer then cannot skip.
        packed.preprocessing.canvas.mean = 0.5;
    }
    let Some((canvas, logits)) = run(&packed, numbers, seed) else { return };
    if numbers == Numbers::Real {
        return;
    }
    let expected = reference::run(&packed, &canvas, numbers);
    let equal = || logits.iter().zip(&expected.logits).all(|(&a, &b)| f64::from(a) == b);
    assert!(!expected.exact || equal(), "not what the ops are defined to give");
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random(u64::from(seed));
    let parsed = if random.below(16) == 0 { None } else { serde_json::from_slice(&data[..size]).ok() };
    let mutated = parsed.map(|graph| mutate_graph(&graph, &mut random).to_string());
    match mutated.filter(|mutated| mutated.len() <= max_size) {
        Some(mutated) => {
            data[..mutated.len()].copy_from_slice(mutated.as_bytes());
            mutated.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});

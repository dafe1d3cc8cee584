//! Allocations of a session after its first run.

mod common;

use common::{Random, allocator, lines};
use dabnet_engine::{Model, PackedModel, Session};
use dabnet_graph::architectures;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

/// Nothing, for a fully binary network on sketches. Matrix products of real numbers allocate in the
/// library that computes them, and so do threads; this project's own code does neither.
#[test]
fn runs_after_the_first_allocate_nothing() {
    for name in ["sketch-a-net-64", "resnet-18", "googlenet"] {
        let graph = architectures::find(name).unwrap().graph(64, 10, &"fbin".parse().unwrap()).unwrap();
        let model = Model::new(PackedModel::random(graph, lines(64), 1)).unwrap();
        let mut session = Session::new(&model);
        session.run(&sketch(model.input_len(), 7)).unwrap();
        for seed in 0..20 {
            let canvas =
                if seed == 3 { vec![0.0; model.input_len()] } else { sketch(model.input_len(), seed) };
            let (_, allocated) = allocator::during(|| session.run(&canvas).unwrap().len());
            assert_eq!(allocated.times, 0, "{name}: {} bytes", allocated.bytes);
        }
    }
}

/// A canvas of which a twenty-fifth is ink.
fn sketch(len: usize, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    (0..len).map(|_| f32::from(u8::from(random.below(25) == 0))).collect()
}

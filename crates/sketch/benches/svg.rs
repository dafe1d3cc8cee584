//! SVG files to sketches: of strokes alone, with colors that are written in another way first, and drawn.

use std::fs;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dabnet_sketch::read_bytes;

fn read(c: &mut Criterion) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/examples/airplane.svg");
    let strokes = fs::read_to_string(example).unwrap();

    let colors = strokes.replace("#000000", "oklch(0.2 0.1 20)").replace("black", "oklch(0.2 0.1 20)");
    let filled = strokes.replace("fill=\"none\"", "");
    let mut group = c.benchmark_group("SVG to a sketch");
    group.throughput(Throughput::Elements(1));
    for (name, text) in [("strokes", strokes), ("colors", colors), ("drawn", filled)] {
        group.bench_function(name, |b| b.iter(|| read_bytes("it", text.as_str()).map(Iterator::count)));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = read
}
criterion_main!(benches);

//! A query in an index of a million embeddings of 512 values, on one core. `cargo bench -p dabnet-embedding`; it takes two
//! gigabytes to make the index, and a query 36 MB.

use criterion::{Criterion, criterion_group, criterion_main};
use dabnet_embedding::{EmbeddingIndex, IndexBuilder};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

const ENTRIES: usize = 1_000_000;
const WIDTH: usize = 512;

fn search(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("index");
    let mut random = Pcg64Mcg::seed_from_u64(0);
    let mut embedding = || -> Vec<f32> { (0..WIDTH).map(|_| random.random_range(-1.0..1.0)).collect() };
    let mut builder = IndexBuilder::default();
    for entry in 0..ENTRIES {
        builder.add(&format!("sketch {entry}"), &embedding()).expect("an embedding");
    }
    builder.save(&path).expect("the index is written");
    let mut index = EmbeddingIndex::open(&path).expect("the index is read");
    let query = embedding();
    criterion.bench_function("find 10 of a million", |bencher| {
        bencher.iter(|| index.find(&query, 10).expect("the index is read"));
    });
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = search
}
criterion_main!(benches);

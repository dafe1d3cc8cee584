//! Throughput of every scheme on one core, in weights per second.
//!
//! `cargo bench -p dabnet-binarize`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dabnet_binarize::{Scheme, refine, split};
use rand::{RngExt, SeedableRng};
use rand_distr::{Exp1, Normal, StandardNormal, Uniform};
use rand_pcg::Pcg64;

const FILTERS: usize = 64;

fn filters<D: rand_distr::Distribution<f32>>(n: usize, of: D) -> Vec<Vec<f32>> {
    let mut rng = Pcg64::seed_from_u64(0);
    (0..FILTERS).map(|_| (0..n).map(|_| rng.sample(&of)).collect()).collect()
}

fn consume<T>(result: T) {
    black_box(result);
}

fn schemes(c: &mut Criterion) {
    let mut group = c.benchmark_group("split");
    for n in [9, 64, 288, 2304] {
        let filters = filters(n, Normal::new(0.0, 0.1).unwrap());
        group.throughput(Throughput::Elements((n * FILTERS) as u64));
        for scheme in Scheme::ALL {
            group.bench_with_input(BenchmarkId::new(scheme.name(), n), &filters, |b, filters| {
                b.iter(|| filters.iter().for_each(|filter| consume(split(scheme, black_box(filter)))));
            });
        }
    }
}

fn families(c: &mut Criterion) {
    let mut group = c.benchmark_group("dab");
    group.throughput(Throughput::Elements((2304 * FILTERS) as u64));
    let normal = filters(2304, StandardNormal);
    let change = |change: fn(usize, f32) -> f32| -> Vec<Vec<f32>> {
        normal
            .iter()
            .map(|filter| filter.iter().enumerate().map(|(index, &weight)| change(index, weight)).collect())
            .collect()
    };
    let families = [
        ("uniform", filters(2304, Uniform::new(-0.1, 0.1).unwrap())),
        ("exponential", filters(2304, Exp1)),
        ("cubed normal", change(|_, weight| weight.powi(3))),
        ("two heaps", change(|index, weight| 0.01 * weight + if index % 3 == 0 { 0.3 } else { -0.1 })),
        ("seven values", change(|_, weight| weight.round())),
        ("an outlier", change(|index, weight| if index == 7 { 1e6 } else { weight })),
    ];
    for (name, filters) in families {
        group.bench_function(name, |b| {
            b.iter(|| filters.iter().for_each(|filter| consume(split(Scheme::Dab, black_box(filter)))));
        });
    }
}

/// Refinement of a filter after a small step, from its previous split.
fn refinement(c: &mut Criterion) {
    let mut group = c.benchmark_group("refine");
    for n in [288, 2304] {
        let before = filters(n, Normal::new(0.0, 0.1).unwrap());
        let step = filters(n, Normal::new(0.0, 0.001).unwrap());
        let pairs: Vec<_> = before
            .iter()
            .zip(&step)
            .map(|(before, step)| {
                let after: Vec<f32> = before.iter().zip(step).map(|(a, b)| a + b).collect();
                (after, split(Scheme::Dab, before).unwrap())
            })
            .collect();
        group.throughput(Throughput::Elements((n * FILTERS) as u64));
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter(|| pairs.iter().for_each(|(after, split)| consume(refine(black_box(after), split))));
        });
    }
}

criterion_group!(benches, schemes, families, refinement);
criterion_main!(benches);

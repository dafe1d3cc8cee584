//! Alternating single precision and bfloat16 products of the shapes of training.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dabnet_matrix::{
    MatrixElement, MatrixViewMut, PackedPanels, PackedRows, WriteMode, bf16, bfloat16_kernel, multiply_packed,
};

fn product<T: MatrixElement>(criterion: &mut Criterion, name: &str, [rows, columns, inner]: [usize; 3]) {
    let numbers = |count: usize| -> Vec<f32> { (0..count).map(|at| (at % 7) as f32 - 3.0).collect() };
    let (left, right) = (numbers(rows * inner), numbers(inner * columns));
    let [left, right] = [&left, &right].map(|values| T::rounded(values).into_owned());
    let mut packed = PackedRows::new(rows, inner);
    (0..rows).for_each(|row| packed.row_mut(row).copy_from_slice(&left[row * inner..][..inner]));
    let panels = PackedPanels::of(inner, columns, |row| &right[row * columns..][..columns]);
    let mut product = vec![0.0; rows * columns];
    let mut group = criterion.benchmark_group(format!("{rows}x{inner} by {inner}x{columns}"));
    group.throughput(Throughput::Elements(2 * (rows * columns * inner) as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut target = MatrixViewMut::new(&mut product, columns);
            multiply_packed(&mut target, &packed, &panels, WriteMode::Replace);
        });
    });
}

fn products(criterion: &mut Criterion) {
    for shape in [[512, 64, 576], [512, 128, 1152], [256, 256, 2304], [64, 512, 4608], [64, 576, 1024]] {
        product::<f32>(criterion, "f32", shape);
        product::<bf16>(criterion, &format!("bf16 ({})", bfloat16_kernel()), shape);
    }
}

criterion_group!(benches, products);
criterion_main!(benches);

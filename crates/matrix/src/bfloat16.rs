//! Products of bfloat16 numbers, added up in single precision, on what the processor has for it.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod plain;

use std::sync::OnceLock;

use half::bf16;

use crate::{
    MatrixViewMut, PackedPanels, PackedRows, WriteMode,
    panels::{TILE, WIDTH},
    rows::{DEPTH, HEIGHT},
};

/// Sums of a block of the product: [`HEIGHT`] rows of two panels.
type BlockSums = [[f32; 2 * WIDTH]; HEIGHT];

/// Operands of a kernel for one block.
#[derive(Clone, Copy)]
struct BlockOperands<'a> {
    /// [`HEIGHT`] rows, `step` apart.
    left: &'a [bf16],
    step: usize,
    /// Tiles of two panels, or of one twice.
    right: [&'a [bf16]; 2],
    /// Number of tiles per panel.
    depth: usize,
}

/// Adds the product to a block.
type BlockKernel = fn(&mut BlockSums, BlockOperands<'_>);

/// Kernels, by name, from the slowest to the fastest that this processor has.
fn kernels() -> Vec<(&'static str, BlockKernel)> {
    let mut kernels: Vec<(&'static str, BlockKernel)> = vec![("plain", plain::add)];
    #[cfg(target_arch = "x86_64")]
    if avx512::is_there() {
        kernels.push(("avx512-bf16", avx512::add));
    }
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if amx::is_there() {
        kernels.push(("amx", amx::add));
    }
    kernels
}

fn fastest() -> (&'static str, BlockKernel) {
    static FASTEST: OnceLock<(&'static str, BlockKernel)> = OnceLock::new();
    *FASTEST.get_or_init(|| *kernels().last().expect("there is always the plain one"))
}

/// Name of the kernel that products of bfloat16 run on here: `amx`, `avx512-bf16` or `plain`.
pub fn bfloat16_kernel() -> &'static str {
    fastest().0
}

pub(crate) fn multiply(
    product: &mut MatrixViewMut<'_>,
    left: &PackedRows<bf16>,
    right: &PackedPanels<bf16>,
    write: WriteMode,
) {
    multiply_with(fastest().1, product, left, right, write);
}

fn multiply_with(
    add: BlockKernel,
    product: &mut MatrixViewMut<'_>,
    left: &PackedRows<bf16>,
    right: &PackedPanels<bf16>,
    write: WriteMode,
) {
    let depth = right.rows.div_ceil(DEPTH);
    let panels = right.columns.div_ceil(WIDTH);
    let panel = |at: usize| &right.values[at * depth * TILE..][..depth * TILE];
    for first in (0..panels).step_by(2) {
        let operands = [panel(first), panel((first + 1).min(panels - 1))];
        let columns = first * WIDTH..((first + 2) * WIDTH).min(right.columns);
        for row in (0..left.rows).step_by(HEIGHT) {
            let rows = row..(row + HEIGHT).min(left.rows);
            let mut block = [[0.0; 2 * WIDTH]; HEIGHT];
            let lines = rows.zip(&mut block);
            if write == WriteMode::Add {
                let fill = |(row, line): (usize, &mut [f32; 2 * WIDTH])| {
                    line[..columns.len()].copy_from_slice(&product.row(row)[columns.clone()]);
                };
                lines.for_each(fill);
            }
            let left = &left.values[row * left.step..][..HEIGHT * left.step];
            add(&mut block, BlockOperands { left, step: left.len() / HEIGHT, right: operands, depth });
            for (row, line) in (row..(row + HEIGHT).min(product.rows)).zip(&block) {
                product.row(row)[columns.clone()].copy_from_slice(&line[..columns.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MatrixElement;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        /// Products of integers are exact, in any order of summation.
        #[test]
        fn every_kernel_gives_the_sum_of_products(
            (rows, columns, inner) in (1_usize..70, 1_usize..70, 1_usize..900),
            adds in any::<bool>(),
            seed in any::<u32>(),
        ) {
            let number = |at: usize| ((at as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 24) as f32 - 128.0;
            let values = |from: usize, count: usize| -> Vec<f32> { (from..from + count).map(number).collect() };
            let (a, b, c) = (values(0, rows * inner), values(7, inner * columns), values(3, rows * columns));
            let [left, right] = [&a, &b].map(|values| bf16::rounded(values).into_owned());
            let mut packed = PackedRows::new(rows, inner);
            (0..rows).for_each(|row| packed.row_mut(row).copy_from_slice(&left[row * inner..][..inner]));
            let panels = PackedPanels::of(inner, columns, |row| &right[row * columns..][..columns]);
            let start = if adds { c.clone() } else { vec![0.0; rows * columns] };
            let expected: Vec<f32> = (0..rows * columns)
                .map(|at| {
                    let (row, column) = (at / columns, at % columns);
                    start[at] + (0..inner).map(|k| a[row * inner + k] * b[k * columns + column]).sum::<f32>()
                })
                .collect();
            let by_columns: Vec<Vec<bf16>> =
                (0..columns).map(|column| right[column..].iter().step_by(columns).copied().collect()).collect();
            let turned = PackedPanels::of_columns(inner, columns, |column| &by_columns[column]);
            prop_assert_eq!(&turned.values, &panels.values);
            for (name, kernel) in kernels() {
                let mut product = c.clone();
                let write = if adds { WriteMode::Add } else { WriteMode::Replace };
                multiply_with(kernel, &mut MatrixViewMut::new(&mut product, columns), &packed, &panels, write);
                prop_assert_eq!(&product, &expected, "{}", name);
            }
        }
    }
}

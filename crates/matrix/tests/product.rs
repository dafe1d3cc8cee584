//! Products against their definition.

use dabnet_matrix::{MatrixView, MatrixViewMut, WriteMode, multiply};
use proptest::prelude::*;

fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 8) as f32 / (1 << 23) as f32 - 1.0)
    };
    let mut state = seed;
    std::iter::from_fn(|| next(&mut state)).take(count).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Submatrices, with either operand transposed, replacing and adding.
    #[test]
    fn is_the_sum_of_products(
        (rows, columns, inner) in (1_usize..40, 1_usize..70, 1_usize..1200),
        (margin, turned_left, turned_right, adds, seed) in (0_usize..5, any::<bool>(), any::<bool>(), any::<bool>(), any::<u32>()),
    ) {
        let left = numbers((rows + margin) * (inner + margin), seed);
        let right = numbers((inner + margin) * (columns + margin), seed ^ 1);
        let mut product = numbers(rows * (columns + margin), seed ^ 2);
        let before = product.clone();
        let width = |turned, rows, columns| margin + if turned { rows } else { columns };
        let view = |values, turned, rows, columns| {
            let matrix = MatrixView::new(values, width(turned, rows, columns));
            let matrix = if turned { matrix.transposed() } else { matrix };
            matrix.rows(margin..margin + rows).columns(margin..margin + columns)
        };
        let write = if adds { WriteMode::Add } else { WriteMode::Replace };
        let mut target = MatrixViewMut::new(&mut product, columns + margin).columns(margin..margin + columns);
        let (a, b) = (view(&left, turned_left, rows, inner), view(&right, turned_right, inner, columns));
        multiply(&mut target, a, b, write);

        let at = |values: &[f32], turned, (height, width): (usize, usize), row: usize, column: usize| {
            let (row, column) = (row + margin, column + margin);
            let index = if turned { column * (height + margin) + row } else { row * (width + margin) + column };
            f64::from(values[index])
        };
        for row in 0..rows {
            prop_assert_eq!(&product[row * (columns + margin)..][..margin], &before[row * (columns + margin)..][..margin]);
            for column in 0..columns {
                let index = row * (columns + margin) + margin + column;
                let start = if adds { f64::from(before[index]) } else { 0.0 };
                let sum: f64 = (0..inner)
                    .map(|k| at(&left, turned_left, (rows, inner), row, k) * at(&right, turned_right, (inner, columns), k, column))
                    .sum();
                prop_assert!((f64::from(product[index]) - start - sum).abs() < 1e-3, "{row} {column}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "shapes do not fit")]
fn shapes_must_fit() {
    let mut product = [0.0; 4];
    let numbers = [0.0; 6];
    multiply(
        &mut MatrixViewMut::new(&mut product, 2),
        MatrixView::new(&numbers, 3),
        MatrixView::new(&numbers, 3),
        WriteMode::Replace,
    );
}

#[test]
fn an_empty_sum_is_zero() {
    let mut product = [1.0; 4];
    let numbers = [1.0; 4];
    let none = MatrixView::new(&numbers, 2).columns(0..0);
    multiply(&mut MatrixViewMut::new(&mut product, 2), none, none.transposed(), WriteMode::Replace);
    assert_eq!(product, [0.0; 4]);
}

#![allow(unsafe_code)]

/// The most terms that one call of the library adds up. It cuts longer sums itself, but in places
/// that depend on the number of rows, so that a row would depend on those beside it.
const DEPTH: usize = 512;

/// `product = left · right` for row-major matrices: `left` is rows × `inner`, `right` is `inner`
/// × `columns`. Runs on this thread only.
pub(crate) fn matrix_product(left: &[f32], right: &[f32], product: &mut [f32], inner: usize, columns: usize) {
    let rows = product.len() / columns;
    assert_eq!(product.len(), rows * columns, "part of a row");
    assert_eq!(left.len(), rows * inner, "left matrix of another size");
    assert_eq!(right.len(), inner * columns, "right matrix of another size");
    if columns == 1 {
        // The library sums a column in an order that depends on how many rows there are.
        product.iter_mut().zip(left.chunks_exact(inner)).for_each(|(sum, row)| *sum = dot(row, right));
        return;
    }
    let (inner_step, column_step) = (inner as isize, columns as isize);
    for first in (0..inner).step_by(DEPTH) {
        let depth = DEPTH.min(inner - first);
        // SAFETY: the assertions make all three slices as long as the strides given here reach from
        // column `first` of `left` and row `first` of `right`, and `product` is borrowed mutably, so
        // it overlaps neither input.
        unsafe {
            gemm::gemm(
                rows,
                columns,
                depth,
                product.as_mut_ptr(),
                1,
                column_step,
                first > 0,
                left.as_ptr().add(first),
                1,
                inner_step,
                right.as_ptr().add(first * columns),
                1,
                column_step,
                1.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }
}

/// Sums of every sixteenth product, then of those.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const WIDTH: usize = 16;
    let (a_blocks, a_rest) = a.as_chunks::<WIDTH>();
    let (b_blocks, b_rest) = b.as_chunks::<WIDTH>();
    let mut sums = [0.0; WIDTH];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        (0..WIDTH).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

use dabnet_matrix::{MatrixView, MatrixViewMut, WriteMode, multiply};

/// `product = left · right` for row-major matrices: `left` is rows × `inner`, `right` is `inner`
/// × `columns`. Runs on this thread only.
pub(crate) fn matrix_product(left: &[f32], right: &[f32], product: &mut [f32], inner: usize, columns: usize) {
    if columns == 1 {
        // The library sums a column in an order that depends on how many rows there are.
        product.iter_mut().zip(left.chunks_exact(inner)).for_each(|(sum, row)| *sum = dot(row, right));
        return;
    }
    let (left, right) = (MatrixView::new(left, inner), MatrixView::new(right, columns));
    multiply(&mut MatrixViewMut::new(product, columns), left, right, WriteMode::Replace);
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

#![allow(unsafe_code)]

/// `product = left · right` for row-major matrices: `left` is rows × `inner`, `right` is `inner`
/// × `columns`. Runs on this thread only.
pub(crate) fn matrix_product(left: &[f32], right: &[f32], product: &mut [f32], inner: usize, columns: usize) {
    let rows = product.len() / columns;
    assert_eq!(product.len(), rows * columns, "part of a row");
    assert_eq!(left.len(), rows * inner, "left matrix of another size");
    assert_eq!(right.len(), inner * columns, "right matrix of another size");
    let (inner_step, column_step) = (inner as isize, columns as isize);
    // SAFETY: the assertions make all three slices as long as the strides given here reach, and
    // `product` is borrowed mutably, so it overlaps neither input.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            product.as_mut_ptr(),
            1,
            column_step,
            false,
            left.as_ptr(),
            1,
            inner_step,
            right.as_ptr(),
            1,
            column_step,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

//! Matrix products behind a safe interface: the `gemm-f32` crate in single precision, and own kernels for
//! bfloat16, since no crate has any for AMX tiles.
//!
//! A product runs on the calling thread only, and its bits follow from its shape and the processor alone.

use gemm_common::Parallelism;

mod bfloat16;
mod number;
mod panels;
mod rows;
mod view;

pub use bfloat16::bfloat16_kernel;
pub use half::bf16;
pub use number::MatrixElement;
pub use panels::PackedPanels;
pub use rows::PackedRows;
pub use view::{MatrixView, MatrixViewMut};

/// Treatment of the numbers already in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// The product replaces them.
    Replace,
    /// The product is added to them.
    Add,
}

/// Upper bound of the number of terms summed by one call of the library. It splits longer sums itself, but at
/// places that depend on the number of rows, so that a row would depend on its neighbors.
const DEPTH: usize = 512;

/// Computes `product = left · right`, or adds that to it.
///
/// ```
/// use dabnet_matrix::{MatrixView, MatrixViewMut, WriteMode, multiply};
///
/// let (left, right) = ([1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 1.0, 0.0]);
/// let mut product = [0.0; 4];
/// multiply(
///     &mut MatrixViewMut::new(&mut product, 2),
///     MatrixView::new(&left, 2),
///     MatrixView::new(&right, 2),
///     WriteMode::Replace,
/// );
/// assert_eq!(product, [2.0, 1.0, 4.0, 3.0]);
/// ```
///
/// # Panics
/// Where the shapes do not fit each other.
pub fn multiply(
    product: &mut MatrixViewMut<'_>,
    left: MatrixView<'_>,
    right: MatrixView<'_>,
    write: WriteMode,
) {
    let (rows, columns, inner) = (product.rows, product.columns, left.columns);
    assert_eq!((left.rows, right.columns, right.rows), (rows, columns, inner), "shapes do not fit");
    let mut write = write;
    for first in (0..inner).step_by(DEPTH) {
        let range = first..inner.min(first + DEPTH);
        multiply_once(product, left.columns(range.clone()), right.rows(range), write);
        write = WriteMode::Add;
    }
    if inner == 0 && write == WriteMode::Replace {
        (0..rows).for_each(|row| product.row(row).fill(0.0));
    }
}

/// Computes `product = left · right`, or adds that to it, from operands packed for kernels.
///
/// ```
/// use dabnet_matrix::{MatrixElement, MatrixViewMut, PackedPanels, PackedRows, WriteMode, bf16, multiply_packed};
///
/// let numbers = bf16::rounded(&[1.0, 2.0, 3.0, 4.0]).into_owned();
/// let mut left = PackedRows::new(1, 2);
/// left.row_mut(0).copy_from_slice(&numbers[..2]);
/// let right = PackedPanels::of(2, 2, |row| &numbers[2 * row..][..2]);
/// let mut product = [0.0; 2];
/// multiply_packed(&mut MatrixViewMut::new(&mut product, 2), &left, &right, WriteMode::Replace);
/// assert_eq!(product, [7.0, 10.0]);
/// ```
///
/// # Panics
/// Where the shapes do not fit each other.
pub fn multiply_packed<T: MatrixElement>(
    product: &mut MatrixViewMut<'_>,
    left: &PackedRows<T>,
    right: &PackedPanels<T>,
    write: WriteMode,
) {
    let shapes = (left.rows, right.columns, right.rows);
    assert_eq!(shapes, (product.rows, product.columns, left.columns), "shapes do not fit");
    T::multiply(product, left, right, write);
}

#[allow(unsafe_code)]
fn multiply_once(
    product: &mut MatrixViewMut<'_>,
    left: MatrixView<'_>,
    right: MatrixView<'_>,
    write: WriteMode,
) {
    // The library's kernels write columns: the product is given to it transposed.
    // SAFETY: a view holds what lies within its slice, for as long as it is borrowed; `multiply` has
    // compared the shapes; a `MatrixViewMut` is borrowed mutably, so it overlaps neither of the others, and its
    // rows do not overlap each other.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            product.columns,
            product.rows,
            left.columns,
            product.values.as_mut_ptr(),
            product.row_step as isize,
            1,
            write == WriteMode::Add,
            right.values.as_ptr(),
            right.row_step as isize,
            right.column_step as isize,
            left.values.as_ptr(),
            left.row_step as isize,
            left.column_step as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

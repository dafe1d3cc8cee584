//! Products of real matrices behind a safe interface: the `gemm-f32` crate in single precision, kernels of our own for
//! bfloat16, which no crate has for tiles.
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
pub use number::Number;
pub use panels::Panels;
pub use rows::Rows;
pub use view::{Matrix, MatrixMut};

/// What becomes of the numbers that are where the product goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// They are forgotten.
    Replace,
    /// The product is added to them.
    Add,
}

/// The most terms that one call of the library adds up. It cuts longer sums itself, but in places
/// that depend on the number of rows, so that a row would depend on those beside it.
const DEPTH: usize = 512;

/// `product = left · right`, or what is there plus that.
///
/// # Panics
/// Where the shapes do not fit each other.
pub fn multiply(product: &mut MatrixMut<'_>, left: Matrix<'_>, right: Matrix<'_>, write: Write) {
    let (rows, columns, inner) = (product.rows, product.columns, left.columns);
    assert_eq!((left.rows, right.columns, right.rows), (rows, columns, inner), "shapes do not fit");
    let mut write = write;
    for first in (0..inner).step_by(DEPTH) {
        let range = first..inner.min(first + DEPTH);
        multiply_once(product, left.columns(range.clone()), right.rows(range), write);
        write = Write::Add;
    }
    if inner == 0 && write == Write::Replace {
        (0..rows).for_each(|row| product.row(row).fill(0.0));
    }
}

/// `product = left · right`, or what is there plus that, of operands that were put into the order in which kernels
/// read them.
///
/// ```
/// use dabnet_matrix::{MatrixMut, Number, Panels, Rows, Write, bf16, multiply_packed};
///
/// let numbers = bf16::rounded(&[1.0, 2.0, 3.0, 4.0]).into_owned();
/// let mut left = Rows::new(1, 2);
/// left.row_mut(0).copy_from_slice(&numbers[..2]);
/// let right = Panels::of(2, 2, |row| &numbers[2 * row..][..2]);
/// let mut product = [0.0; 2];
/// multiply_packed(&mut MatrixMut::new(&mut product, 2), &left, &right, Write::Replace);
/// assert_eq!(product, [7.0, 10.0]);
/// ```
///
/// # Panics
/// Where the shapes do not fit each other.
pub fn multiply_packed<T: Number>(
    product: &mut MatrixMut<'_>,
    left: &Rows<T>,
    right: &Panels<T>,
    write: Write,
) {
    let shapes = (left.rows, right.columns, right.rows);
    assert_eq!(shapes, (product.rows, product.columns, left.columns), "shapes do not fit");
    T::multiply(product, left, right, write);
}

#[allow(unsafe_code)]
fn multiply_once(product: &mut MatrixMut<'_>, left: Matrix<'_>, right: Matrix<'_>, write: Write) {
    // The library's kernels write columns: the product is given to it transposed.
    // SAFETY: a view holds what lies within its slice, for as long as it is borrowed; `multiply` has
    // compared the shapes; a `MatrixMut` is borrowed mutably, so it overlaps neither of the others, and its
    // rows do not overlap each other.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            product.columns,
            product.rows,
            left.columns,
            product.values.as_mut_ptr(),
            product.row_step as isize,
            1,
            write == Write::Add,
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

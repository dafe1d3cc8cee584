use std::borrow::Cow;

use half::bf16;

use crate::{
    MatrixView, MatrixViewMut, PackedPanels, PackedRows, WriteMode, bfloat16, multiply,
    panels::{interleave, interleave_columns},
};

/// Number type of [`multiply_packed`](crate::multiply_packed): single precision, or bfloat16, whose products
/// are exact in single precision and summed in it.
pub trait MatrixElement: Copy + Default + Send + Sync + sealed::Sealed {
    /// The numbers themselves, where this kind has them all.
    fn unrounded(values: &[f32]) -> Option<&[Self]>;

    /// The numbers nearest to `values`, ties to even.
    fn round(values: &[f32], rounded: &mut [Self]);

    /// Converts values to this type, borrowing them if it is the same.
    fn rounded(values: &[f32]) -> Cow<'_, [Self]> {
        match Self::unrounded(values) {
            Some(same) => Cow::Borrowed(same),
            None => {
                let mut rounded = vec![Self::default(); values.len()];
                Self::round(values, &mut rounded);
                Cow::Owned(rounded)
            }
        }
    }

    #[doc(hidden)]
    fn pack_columns<'a>(panels: &mut PackedPanels<Self>, column: impl Fn(usize) -> &'a [Self])
    where
        Self: 'a;

    #[doc(hidden)]
    fn pack<'a>(panels: &mut PackedPanels<Self>, row: impl Fn(usize) -> &'a [Self])
    where
        Self: 'a;

    #[doc(hidden)]
    fn multiply(
        product: &mut MatrixViewMut<'_>,
        left: &PackedRows<Self>,
        right: &PackedPanels<Self>,
        write: WriteMode,
    );
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for half::bf16 {}
}

impl MatrixElement for f32 {
    fn unrounded(values: &[f32]) -> Option<&[f32]> {
        Some(values)
    }

    fn round(values: &[f32], rounded: &mut [f32]) {
        rounded.copy_from_slice(values);
    }

    fn pack_columns<'a>(panels: &mut PackedPanels<f32>, column: impl Fn(usize) -> &'a [f32]) {
        panels.by_columns = true;
        panels.values.clear();
        (0..panels.columns).for_each(|at| panels.values.extend_from_slice(column(at)));
    }

    fn pack<'a>(panels: &mut PackedPanels<f32>, row: impl Fn(usize) -> &'a [f32]) {
        panels.by_columns = false;
        panels.values.clear();
        (0..panels.rows).for_each(|at| panels.values.extend_from_slice(row(at)));
    }

    fn multiply(
        product: &mut MatrixViewMut<'_>,
        left: &PackedRows<f32>,
        right: &PackedPanels<f32>,
        write: WriteMode,
    ) {
        let left = MatrixView::new(&left.values, left.step).rows(0..left.rows).columns(0..left.columns);
        let right = if right.by_columns {
            MatrixView::new(&right.values, right.rows).transposed()
        } else {
            MatrixView::new(&right.values, right.columns)
        };
        multiply(product, left, right, write);
    }
}

impl MatrixElement for bf16 {
    fn unrounded(_: &[f32]) -> Option<&[bf16]> {
        None
    }

    fn round(values: &[f32], rounded: &mut [bf16]) {
        rounded.iter_mut().zip(values).for_each(|(to, value)| *to = nearest(*value));
    }

    fn pack_columns<'a>(panels: &mut PackedPanels<bf16>, column: impl Fn(usize) -> &'a [bf16]) {
        interleave_columns(panels, column);
    }

    fn pack<'a>(panels: &mut PackedPanels<bf16>, row: impl Fn(usize) -> &'a [bf16]) {
        interleave(panels, row);
    }

    fn multiply(
        product: &mut MatrixViewMut<'_>,
        left: &PackedRows<bf16>,
        right: &PackedPanels<bf16>,
        write: WriteMode,
    ) {
        bfloat16::multiply(product, left, right, write);
    }
}

/// `bf16::from_f32` without its branch, so that it is vectorized; NaN stays NaN.
#[inline(always)]
fn nearest(value: f32) -> bf16 {
    let bits = value.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    // An infinity's neighbors above it would be carried into the sign.
    let none = if value.is_nan() { 0x7fc0 } else { rounded };
    bf16::from_bits(none as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_the_crate_does() {
        let edges = [0.0, -0.0, f32::INFINITY, f32::MIN_POSITIVE, f32::MAX, 1.0 + f32::EPSILON, 3.0e-39];
        let steps = (0..u32::MAX).step_by(65_521).map(f32::from_bits);
        for value in edges.into_iter().chain(steps) {
            let (ours, theirs) = (nearest(value), bf16::from_f32(value));
            assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "{value:e}");
        }
    }
}

use half::bf16;

use crate::{MatrixElement, rows::DEPTH};

/// Columns that lie together.
pub(crate) const WIDTH: usize = 16;
/// Number of elements in a tile: [`WIDTH`] columns of [`DEPTH`] rows, pairs of rows interleaved.
pub(crate) const TILE: usize = WIDTH * DEPTH;

/// A right operand of [`multiply_packed`](crate::multiply_packed), in the order in which kernels read it: made
/// once and used often.
#[derive(Clone, Debug)]
pub struct PackedPanels<T> {
    pub(crate) values: Vec<T>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// True if columns are consecutive, in single precision, whose kernels read either order.
    pub(crate) by_columns: bool,
}

impl<T> Default for PackedPanels<T> {
    fn default() -> Self {
        Self { values: Vec::new(), rows: 0, columns: 0, by_columns: false }
    }
}

impl<T: MatrixElement> PackedPanels<T> {
    /// The matrix whose row `k` of `rows` is `row(k)`.
    ///
    /// # Panics
    /// If a row has not `columns` numbers.
    pub fn of<'a>(rows: usize, columns: usize, row: impl Fn(usize) -> &'a [T]) -> Self
    where
        T: 'a,
    {
        let mut panels = Self::default();
        panels.pack(rows, columns, row);
        panels
    }

    /// The matrix whose column `n` of `columns` is `column(n)`.
    ///
    /// # Panics
    /// If a column has not `rows` numbers.
    pub fn of_columns<'a>(rows: usize, columns: usize, column: impl Fn(usize) -> &'a [T]) -> Self
    where
        T: 'a,
    {
        let mut panels = Self { rows, columns, ..Self::default() };
        T::pack_columns(&mut panels, |at| {
            let column = column(at);
            assert_eq!(column.len(), rows, "a column of another length");
            column
        });
        panels
    }

    /// Packs another matrix, reusing memory.
    ///
    /// # Panics
    /// If a row has not `columns` numbers.
    pub fn pack<'a>(&mut self, rows: usize, columns: usize, row: impl Fn(usize) -> &'a [T])
    where
        T: 'a,
    {
        (self.rows, self.columns) = (rows, columns);
        T::pack(self, |at| {
            let row = row(at);
            assert_eq!(row.len(), columns, "a row of another length");
            row
        });
    }
}

/// Interleaves panels of bfloat16: [`WIDTH`] columns after another, in each tiles of [`DEPTH`] rows, in each
/// pairs of rows with both numbers of a column adjacent.
pub(crate) fn interleave<'a>(panels: &mut PackedPanels<bf16>, row: impl Fn(usize) -> &'a [bf16]) {
    let PackedPanels { rows, columns, .. } = *panels;
    let depth = rows.div_ceil(DEPTH);
    let len = columns.div_ceil(WIDTH) * depth * TILE;
    if panels.values.len() != len {
        panels.values = vec![bf16::ZERO; len];
    }
    let none = vec![bf16::ZERO; columns];
    for pair in 0..depth * DEPTH / 2 {
        let row = |at: usize| if at < rows { row(at) } else { &none };
        let (upper, lower) = (row(2 * pair), row(2 * pair + 1));
        let first = pair / (DEPTH / 2) * TILE + pair % (DEPTH / 2) * 2 * WIDTH;
        let parts = upper.chunks(WIDTH).zip(lower.chunks(WIDTH));
        for (panel, (upper, lower)) in parts.enumerate() {
            let target = &mut panels.values[first + panel * depth * TILE..][..2 * WIDTH];
            match (upper.as_array::<WIDTH>(), lower.as_array::<WIDTH>()) {
                (Some(upper), Some(lower)) => zip(target, upper, lower),
                _ => zip(target, upper, lower),
            }
        }
    }
}

/// As [`interleave`], from columns.
pub(crate) fn interleave_columns<'a>(panels: &mut PackedPanels<bf16>, column: impl Fn(usize) -> &'a [bf16]) {
    let PackedPanels { rows, columns, .. } = *panels;
    let depth = rows.div_ceil(DEPTH);
    panels.values = vec![bf16::ZERO; columns.div_ceil(WIDTH) * depth * TILE];
    for (panel, tiles) in panels.values.chunks_mut(depth * TILE).enumerate() {
        for at in 0..WIDTH.min(columns - panel * WIDTH) {
            let pairs = tiles.chunks_mut(2 * WIDTH).map(|pairs| &mut pairs[2 * at..][..2]);
            let column = column(panel * WIDTH + at).chunks(2);
            pairs.zip(column).for_each(|(to, from)| to[..from.len()].copy_from_slice(from));
        }
    }
}

#[inline(always)]
fn zip(target: &mut [bf16], upper: &[bf16], lower: &[bf16]) {
    for (both, (upper, lower)) in target.as_chunks_mut::<2>().0.iter_mut().zip(upper.iter().zip(lower)) {
        *both = [*upper, *lower];
    }
}

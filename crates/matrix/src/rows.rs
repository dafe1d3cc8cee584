/// Numbers along which a left operand is cut; rows are as long as whole ones.
pub(crate) const DEPTH: usize = 32;
/// Rows that are worked on at once; there are as many as make whole ones.
pub(crate) const HEIGHT: usize = 32;

/// Left operand of [`multiply_packed`](crate::multiply_packed): rows of numbers, with zero padding that
/// kernels may read.
#[derive(Clone, Debug, Default)]
pub struct PackedRows<T> {
    pub(crate) values: Vec<T>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) step: usize,
}

impl<T: Copy + Default> PackedRows<T> {
    /// `rows × columns` zeros.
    pub fn new(rows: usize, columns: usize) -> Self {
        // An odd number of cuts, so that rows do not all fall into the same sets of a cache.
        let step = DEPTH * (columns.div_ceil(DEPTH) | 1);
        let values = vec![T::default(); rows.next_multiple_of(HEIGHT) * step];
        Self { values, rows, columns, step }
    }

    /// Resizes to `rows × columns`; the content is unspecified old values or zeros.
    pub fn reshape(&mut self, rows: usize, columns: usize) {
        if (self.rows, self.columns) != (rows, columns) {
            *self = Self::new(rows, columns);
        }
    }

    /// A row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[T] {
        assert!(row < self.rows, "no such row");
        &self.values[row * self.step..][..self.columns]
    }

    /// A row, to be written.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.rows, "no such row");
        &mut self.values[row * self.step..][..self.columns]
    }
}

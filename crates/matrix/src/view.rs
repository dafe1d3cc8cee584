use std::ops::Range;

/// A matrix to read.
#[derive(Clone, Copy, Debug)]
pub struct MatrixView<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_step: usize,
    pub(crate) column_step: usize,
}

impl<'a> MatrixView<'a> {
    /// Rows of `columns` numbers, one after another.
    ///
    /// # Panics
    /// If the last row is not whole.
    pub fn new(values: &'a [f32], columns: usize) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns), "the last row is not whole");
        Self { values, rows: values.len() / columns, columns, row_step: columns, column_step: 1 }
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub const fn transposed(self) -> Self {
        let Self { values, rows, columns, row_step, column_step } = self;
        Self { values, rows: columns, columns: rows, row_step: column_step, column_step: row_step }
    }

    /// View of consecutive rows.
    ///
    /// # Panics
    /// If there are no such rows.
    #[must_use]
    pub fn rows(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.rows, "no such rows");
        let values = self.values.get(range.start * self.row_step..).unwrap_or_default();
        Self { values, rows: range.len(), ..self }.checked()
    }

    /// View of consecutive columns.
    ///
    /// # Panics
    /// If there are no such columns.
    #[must_use]
    pub fn columns(self, range: Range<usize>) -> Self {
        self.transposed().rows(range).transposed()
    }

    /// Checks that the slice reaches as far as the last number, on which `multiply` relies.
    fn checked(self) -> Self {
        let last = |count: usize, step: usize| count.saturating_sub(1) * step;
        let empty = self.rows == 0 || self.columns == 0;
        let reach = last(self.rows, self.row_step) + last(self.columns, self.column_step);
        assert!(empty || reach < self.values.len(), "a matrix outside its numbers");
        self
    }
}

/// A matrix to write, row by row.
#[derive(Debug)]
pub struct MatrixViewMut<'a> {
    pub(crate) values: &'a mut [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_step: usize,
}

impl<'a> MatrixViewMut<'a> {
    /// Rows of `columns` numbers, one after another.
    ///
    /// # Panics
    /// If the last row is not whole.
    pub fn new(values: &'a mut [f32], columns: usize) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns), "the last row is not whole");
        Self { rows: values.len() / columns, values, columns, row_step: columns }
    }

    /// View of consecutive columns.
    ///
    /// # Panics
    /// If there are no such columns.
    #[must_use]
    pub fn columns(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.columns, "no such columns");
        let values = self.values.get_mut(range.start..).unwrap_or_default();
        Self { values, columns: range.len(), ..self }
    }

    /// A row.
    pub(crate) fn row(&mut self, row: usize) -> &mut [f32] {
        &mut self.values[row * self.row_step..][..self.columns]
    }
}

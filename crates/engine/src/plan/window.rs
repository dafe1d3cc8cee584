use dabnet_graph::Shape;
use std::ops::Range;

/// How the windows of a convolution or a pooling lie on its input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowGeometry {
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    /// Rows and columns.
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: usize,
    /// Rows above the input and columns to the left of it that the first windows cover.
    pub(crate) padding: [usize; 2],
}

impl WindowGeometry {
    /// The rows of output row `y`'s windows that lie on the input, counted from their first.
    pub(crate) fn rows(&self, y: usize) -> Range<usize> {
        self.inside(0, y, self.input.height)
    }

    /// The columns of output column `x`'s windows that lie on the input, counted from their first.
    pub(crate) fn columns(&self, x: usize) -> Range<usize> {
        self.inside(1, x, self.input.width)
    }

    /// The input row under row `tap` of the windows of output row `y`.
    pub(crate) const fn row_at(&self, y: usize, tap: usize) -> usize {
        y * self.stride + tap - self.padding[0]
    }

    /// The input column under column `tap` of the windows of output column `x`.
    pub(crate) const fn column_at(&self, x: usize, tap: usize) -> usize {
        x * self.stride + tap - self.padding[1]
    }

    /// Row and column of an output position.
    #[cfg(test)]
    pub(crate) const fn position(&self, position: usize) -> (usize, usize) {
        (position / self.output.width, position % self.output.width)
    }

    /// Elements of a whole window in one channel.
    pub(crate) const fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    fn inside(&self, axis: usize, output: usize, extent: usize) -> Range<usize> {
        let (start, padding) = (output * self.stride, self.padding[axis]);
        let first = padding.saturating_sub(start);
        let end = (extent + padding).saturating_sub(start).min(self.kernel[axis]);
        first..end.max(first)
    }
}

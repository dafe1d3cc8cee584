use std::ops::Range;

use dabnet_graph::Shape;

/// How the windows of a convolution or a pooling lie on its input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    /// Rows and columns.
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Window {
    /// The rows of output row `y`'s windows that lie on the input, counted from their first.
    pub(crate) fn rows(&self, y: usize) -> Range<usize> {
        self.inside(y, self.kernel[0], self.input.height)
    }

    /// The columns of output column `x`'s windows that lie on the input, counted from their first.
    pub(crate) fn columns(&self, x: usize) -> Range<usize> {
        self.inside(x, self.kernel[1], self.input.width)
    }

    /// The input row or column under tap `tap` of output row or column `output`.
    pub(crate) const fn input_at(&self, output: usize, tap: usize) -> usize {
        output * self.stride + tap - self.padding
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

    fn inside(&self, output: usize, kernel: usize, extent: usize) -> Range<usize> {
        let start = output * self.stride;
        let first = self.padding.saturating_sub(start);
        let end = (extent + self.padding).saturating_sub(start).min(kernel);
        first..end.max(first)
    }
}

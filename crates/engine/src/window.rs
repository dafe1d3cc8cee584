use std::ops::Range;

use dabnet_graph::Shape;

/// How the square windows of a convolution or a pooling lie on its input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Window {
    /// The rows of output row `y`'s windows that lie on the input, counted from their first.
    pub(crate) fn rows(&self, y: usize) -> Range<usize> {
        self.inside(y, self.input.height)
    }

    /// The columns of output column `x`'s windows that lie on the input, counted from their first.
    pub(crate) fn columns(&self, x: usize) -> Range<usize> {
        self.inside(x, self.input.width)
    }

    /// The input row or column under tap `tap` of output row or column `output`.
    pub(crate) const fn input_at(&self, output: usize, tap: usize) -> usize {
        output * self.stride + tap - self.padding
    }

    /// Row and column of an output position.
    pub(crate) const fn position(&self, position: usize) -> (usize, usize) {
        (position / self.output.width, position % self.output.width)
    }

    /// Elements of a whole window over all channels.
    pub(crate) const fn len(&self) -> usize {
        self.kernel * self.kernel * self.input.channels
    }

    fn inside(&self, output: usize, extent: usize) -> Range<usize> {
        let start = output * self.stride;
        let first = self.padding.saturating_sub(start);
        let end = (extent + self.padding).saturating_sub(start).min(self.kernel);
        first..end.max(first)
    }
}

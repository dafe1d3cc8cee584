use dabnet_graph::Shape;
use std::ops::Range;

/// Geometry of the windows of a convolution or pooling.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowGeometry {
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    /// Height and width.
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: usize,
    /// Padding above and to the left of the input.
    pub(crate) padding: [usize; 2],
}

impl WindowGeometry {
    /// Window rows on the input, for windows of output row `y`.
    pub(crate) fn rows(&self, y: usize) -> Range<usize> {
        self.inside(0, y, self.input.height)
    }

    /// Window columns on the input, for windows of output column `x`.
    pub(crate) fn columns(&self, x: usize) -> Range<usize> {
        self.inside(1, x, self.input.width)
    }

    /// Input row under window row `tap` at output row `y`.
    pub(crate) const fn row_at(&self, y: usize, tap: usize) -> usize {
        y * self.stride + tap - self.padding[0]
    }

    /// Input column under window column `tap` at output column `x`.
    pub(crate) const fn column_at(&self, x: usize, tap: usize) -> usize {
        x * self.stride + tap - self.padding[1]
    }

    /// Row and column of an output position.
    #[cfg(test)]
    pub(crate) const fn position(&self, position: usize) -> (usize, usize) {
        (position / self.output.width, position % self.output.width)
    }

    /// Elements of a window per channel.
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

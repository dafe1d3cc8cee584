use std::ops::Range;

use dabnet_graph::{Conv2d, Shape};
use dabnet_matrix::Matrix;

/// How a convolution reads its input. Rows of patches are taps (channel, row and column of the kernel),
/// columns are positions of the output: of one example after another, row by row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub input: Shape,
    pub output: Shape,
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Windows {
    pub fn new(conv: &Conv2d, input: Shape, output: Shape) -> Self {
        Self { input, output, kernel: conv.kernel, stride: conv.stride, padding: conv.padding }
    }

    /// Taps of one channel.
    pub fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    /// Whether patches are the input itself.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1
    }

    /// Patches: `taps` of all channels, counted from the first one, at the output's `rows`, counted over
    /// examples. `values` holds channels of `per_channel` values.
    pub fn gather<'a>(
        &self,
        values: &'a [f32],
        per_channel: usize,
        taps: Range<usize>,
        rows: Range<usize>,
        scratch: &'a mut Vec<f32>,
    ) -> Matrix<'a> {
        let width = self.output.width;
        if self.is_pointwise() {
            let columns = rows.start * width..rows.end * width;
            return Matrix::new(values, per_channel).rows(taps).columns(columns);
        }
        scratch.resize(taps.len() * rows.len() * width, 0.0);
        for (tap, row) in taps.zip(scratch.chunks_mut(rows.len() * width)) {
            let (channel, down, right) = self.place(tap);
            let planes = &values[channel * per_channel..][..per_channel];
            for (at, segment) in rows.clone().zip(row.chunks_mut(width)) {
                match self.source_row(at, down) {
                    Some(start) => self.read(&planes[start..][..self.input.width], right, segment),
                    None => segment.fill(0.0),
                }
            }
        }
        Matrix::new(scratch, rows.len() * width)
    }

    /// The reverse of [`Windows::gather`]: adds each number of `patches` to the value it came from.
    pub fn scatter(
        &self,
        patches: &[f32],
        taps: Range<usize>,
        rows: Range<usize>,
        values: &mut [f32],
        per_channel: usize,
    ) {
        let width = self.output.width;
        for (tap, row) in taps.zip(patches.chunks(rows.len() * width)) {
            let (channel, down, right) = self.place(tap);
            let planes = &mut values[channel * per_channel..][..per_channel];
            for (at, segment) in rows.clone().zip(row.chunks(width)) {
                if let Some(start) = self.source_row(at, down) {
                    self.add(segment, right, &mut planes[start..][..self.input.width]);
                }
            }
        }
    }

    /// Channel, row and column of the kernel.
    fn place(&self, tap: usize) -> (usize, usize, usize) {
        let in_channel = tap % self.taps();
        (tap / self.taps(), in_channel / self.kernel, in_channel % self.kernel)
    }

    /// Where the input's row begins that row `down` of the kernel lies on, if it is not padding.
    fn source_row(&self, at: usize, down: usize) -> Option<usize> {
        let (example, row) = (at / self.output.height, at % self.output.height);
        let source = (row * self.stride + down).checked_sub(self.padding)?;
        (source < self.input.height).then(|| example * self.input.positions() + source * self.input.width)
    }

    /// Outputs of a row whose column `right` of the kernel does not lie on padding, and the first input.
    fn inside(&self, right: usize) -> (Range<usize>, usize) {
        let first = self.padding.saturating_sub(right).div_ceil(self.stride);
        let end = (self.input.width + self.padding).saturating_sub(right).div_ceil(self.stride);
        let end = end.min(self.output.width);
        (first.min(end)..end, (first * self.stride + right).saturating_sub(self.padding))
    }

    fn read(&self, source: &[f32], right: usize, segment: &mut [f32]) {
        let (inside, first) = self.inside(right);
        segment[..inside.start].fill(0.0);
        segment[inside.end..].fill(0.0);
        let target = &mut segment[inside];
        if target.is_empty() {
            return;
        }
        if self.stride == 1 {
            let len = target.len();
            target.copy_from_slice(&source[first..][..len]);
        } else {
            let from = source[first..].iter().step_by(self.stride);
            target.iter_mut().zip(from).for_each(|(value, from)| *value = *from);
        }
    }

    fn add(&self, segment: &[f32], right: usize, target: &mut [f32]) {
        let (inside, first) = self.inside(right);
        let source = &segment[inside];
        if source.is_empty() {
            return;
        }
        if self.stride == 1 {
            let target = &mut target[first..][..source.len()];
            target.iter_mut().zip(source).for_each(|(sum, value)| *sum += value);
        } else {
            let to = target[first..].iter_mut().step_by(self.stride);
            to.zip(source).for_each(|(sum, value)| *sum += value);
        }
    }
}

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
    /// Zeros above and to the left.
    padding: [usize; 2],
}

impl Windows {
    pub fn new(conv: &Conv2d, input: Shape, output: Shape) -> Self {
        let padding = [conv.padding.top, conv.padding.left];
        Self { input, output, kernel: conv.kernel, stride: conv.stride, padding }
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
        let lines = self.lines(rows.clone());
        for (tap, row) in taps.zip(scratch.chunks_mut(rows.len() * width)) {
            let tap = self.tap(tap);
            let planes = &values[tap.channel * per_channel..][..per_channel];
            for (line, segment) in lines.iter().zip(row.chunks_mut(width)) {
                match line.source(tap.down, self.input) {
                    Some(start) => self.read(&planes[start..][..self.input.width], &tap, segment),
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
        let lines = self.lines(rows.clone());
        for (tap, row) in taps.zip(patches.chunks(rows.len() * width)) {
            let tap = self.tap(tap);
            let planes = &mut values[tap.channel * per_channel..][..per_channel];
            for (line, segment) in lines.iter().zip(row.chunks(width)) {
                if let Some(start) = line.source(tap.down, self.input) {
                    self.add(segment, &tap, &mut planes[start..][..self.input.width]);
                }
            }
        }
    }

    /// Where the windows of some rows of the output begin. Worked out once, as divisions take longer than
    /// what is done with short rows.
    fn lines(&self, rows: Range<usize>) -> Vec<Line> {
        let line = |at: usize| Line {
            example: at / self.output.height * self.input.positions(),
            row: (at % self.output.height * self.stride) as isize - self.padding[0] as isize,
        };
        rows.map(line).collect()
    }

    fn tap(&self, tap: usize) -> Tap {
        let in_channel = tap % self.taps();
        let right = in_channel % self.kernel;
        let first = self.padding[1].saturating_sub(right).div_ceil(self.stride);
        let end = (self.input.width + self.padding[1]).saturating_sub(right).div_ceil(self.stride);
        let end = end.min(self.output.width);
        Tap {
            channel: tap / self.taps(),
            down: in_channel / self.kernel,
            inside: first.min(end)..end,
            source: (first * self.stride + right).saturating_sub(self.padding[1]),
        }
    }

    fn read(&self, source: &[f32], tap: &Tap, segment: &mut [f32]) {
        segment[..tap.inside.start].fill(0.0);
        segment[tap.inside.end..].fill(0.0);
        let target = &mut segment[tap.inside.clone()];
        if target.is_empty() {
            return;
        }
        let source = &source[tap.source..];
        if self.stride == 1 {
            target.copy_from_slice(&source[..target.len()]);
        } else {
            let from = source.iter().step_by(self.stride);
            target.iter_mut().zip(from).for_each(|(value, from)| *value = *from);
        }
    }

    fn add(&self, segment: &[f32], tap: &Tap, target: &mut [f32]) {
        let source = &segment[tap.inside.clone()];
        if source.is_empty() {
            return;
        }
        let target = &mut target[tap.source..];
        if self.stride == 1 {
            target.iter_mut().zip(source).for_each(|(sum, value)| *sum += value);
        } else {
            target.iter_mut().step_by(self.stride).zip(source).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// Where the windows of a row of the output begin.
struct Line {
    /// Where the example's plane does.
    example: usize,
    /// The row of the input, which may lie on padding.
    row: isize,
}

impl Line {
    /// Where the input's row begins that row `down` of the kernel lies on, if it is not padding.
    fn source(&self, down: usize, input: Shape) -> Option<usize> {
        let row = usize::try_from(self.row + down as isize).ok()?;
        (row < input.height).then(|| self.example + row * input.width)
    }
}

/// A weight of a filter.
struct Tap {
    channel: usize,
    /// Its row in the kernel.
    down: usize,
    /// Outputs of a row where it does not lie on padding.
    inside: Range<usize>,
    /// The input's column that the first of them reads.
    source: usize,
}

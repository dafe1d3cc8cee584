use std::ops::Range;

use dabnet_graph::{Conv2d, Shape};

/// Sliding windows of a convolution over its input. A patch holds the input values under the kernel at one
/// output position: tap after tap, row by row of the kernel, with a value per channel in each.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConvWindows {
    pub input: Shape,
    pub output: Shape,
    kernel: usize,
    stride: usize,
    /// Zeros above and to the left.
    padding: [usize; 2],
}

/// Range of taps in one row of the kernel, over a range of channels.
#[derive(Clone, Debug)]
pub(super) struct KernelTaps {
    row: usize,
    columns: Range<usize>,
    pub channels: Range<usize>,
}

impl KernelTaps {
    /// Number of values per patch.
    pub(crate) fn len(&self) -> usize {
        self.columns.len() * self.channels.len()
    }
}

impl ConvWindows {
    pub(crate) fn new(conv: &Conv2d, input: Shape, output: Shape) -> Self {
        let padding = [conv.padding.top, conv.padding.left];
        Self { input, output, kernel: conv.kernel, stride: conv.stride, padding }
    }

    /// Taps of one channel.
    pub(crate) fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    /// All taps of one row of the kernel.
    fn row(&self, row: usize, channels: Range<usize>) -> KernelTaps {
        KernelTaps { row, columns: 0..self.kernel, channels }
    }

    /// Rows of the kernel.
    pub(crate) fn rows(&self, channels: Range<usize>) -> impl Iterator<Item = KernelTaps> {
        (0..self.kernel).map(move |row| self.row(row, channels.clone()))
    }

    /// All taps, one by one.
    pub(crate) fn single_taps(&self, channels: Range<usize>) -> impl Iterator<Item = KernelTaps> {
        let columns = move |row| (0..self.kernel).map(move |column| (row, column..column + 1));
        let taps = (0..self.kernel).flat_map(columns);
        taps.map(move |(row, columns)| KernelTaps { row, columns, channels: channels.clone() })
    }

    /// Range of these taps' values within a whole patch.
    pub(crate) fn patch_range(&self, taps: &KernelTaps) -> Range<usize> {
        let first = (taps.row * self.kernel + taps.columns.start) * taps.channels.len();
        first..first + taps.len()
    }

    /// Index of the first of these taps in the kernel.
    pub(crate) fn tap_index(&self, taps: &KernelTaps) -> usize {
        taps.row * self.kernel + taps.columns.start
    }

    /// Input values under a single tap at an output `position`, counted over examples; `None` in the padding.
    pub(crate) fn tap_values<'v, T>(
        &self,
        values: &'v [T],
        taps: &KernelTaps,
        position: usize,
    ) -> Option<&'v [T]> {
        let first = self.covered(position, taps)?.first * self.input.channels;
        Some(&values[first + taps.channels.start..first + taps.channels.end])
    }

    /// Copies the input values under these taps at an output `position`, counted over examples; zeros in the
    /// padding.
    pub(crate) fn gather<T: Copy + Default>(
        &self,
        values: &[T],
        taps: &KernelTaps,
        position: usize,
        patch: &mut [T],
    ) {
        let channels = taps.channels.len();
        let Some(TapSpan { inside, first }) = self.covered(position, taps) else {
            patch.fill(T::default());
            return;
        };
        patch[..inside.start * channels].fill(T::default());
        patch[inside.end * channels..].fill(T::default());
        let patch = &mut patch[inside.start * channels..inside.end * channels];
        let source = &values[first * self.input.channels..];
        if channels == self.input.channels {
            patch.copy_from_slice(&source[..patch.len()]);
            return;
        }
        let columns = patch.chunks_exact_mut(channels).zip(source.chunks(self.input.channels));
        columns.for_each(|(to, from)| to.copy_from_slice(&from[taps.channels.clone()]));
    }

    /// The reverse of [`ConvWindows::gather`]: adds each number of a patch to the value it came from.
    pub(crate) fn scatter(&self, patch: &[f32], taps: &KernelTaps, position: usize, values: &mut [f32]) {
        let channels = taps.channels.len();
        let Some(TapSpan { inside, first }) = self.covered(position, taps) else { return };
        let patch = &patch[inside.start * channels..inside.end * channels];
        let target = &mut values[first * self.input.channels..];
        if channels == self.input.channels {
            target.iter_mut().zip(patch).for_each(|(sum, value)| *sum += value);
            return;
        }
        for (from, to) in patch.chunks_exact(channels).zip(target.chunks_mut(self.input.channels)) {
            to[taps.channels.clone()].iter_mut().zip(from).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Input position of an example under a tap at an output `position`; `None` in the padding.
    pub(crate) fn input_position(&self, position: usize, tap: usize) -> Option<usize> {
        let (row, column) = (position / self.output.width, position % self.output.width);
        let row = (row * self.stride + tap / self.kernel).checked_sub(self.padding[0])?;
        let column = (column * self.stride + tap % self.kernel).checked_sub(self.padding[1])?;
        (row < self.input.height && column < self.input.width).then(|| row * self.input.width + column)
    }

    fn covered(&self, position: usize, taps: &KernelTaps) -> Option<TapSpan> {
        let (example, at) = (position / self.output.positions(), position % self.output.positions());
        let (row, column) = (at / self.output.width, at % self.output.width);
        let row = (row * self.stride + taps.row).checked_sub(self.padding[0])?;
        if row >= self.input.height {
            return None;
        }
        let start = column * self.stride + taps.columns.start;
        let before = self.padding[1].saturating_sub(start).min(taps.columns.len());
        let first = (start + before).checked_sub(self.padding[1])?;
        let inside = (taps.columns.len() - before).min(self.input.width.saturating_sub(first));
        let first = (example * self.input.height + row) * self.input.width + first;
        (inside > 0).then_some(TapSpan { inside: before..before + inside, first })
    }
}

/// Part of a row of taps that lies inside the input.
struct TapSpan {
    inside: Range<usize>,
    /// Input position of its first tap, counted over examples.
    first: usize,
}

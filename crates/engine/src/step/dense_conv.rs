use std::ops::Range;

use super::{ChannelSlice, Context, Sink, Source, window_major};
use crate::{
    kernels::matrix_product,
    memory::{Needs, Scratch},
    plan::ValueId,
    window::Window,
};

/// Floats of gathered windows that are multiplied at a time: about what a level-2 cache holds.
const TILE_FLOATS: usize = 1 << 16;

/// The fewest windows at a time, so that the weights are not read again for each.
const MIN_TILE: usize = 16;

/// A convolution of floats: windows gathered into a matrix, times the weights.
#[derive(Debug)]
pub(crate) struct DenseConv {
    value: ValueId,
    window: Window,
    channels: ChannelSlice,
    /// One row an element of a window, one column a filter.
    weights: Vec<f32>,
}

impl DenseConv {
    /// On some channels of `value`; `weights` are `[out, in, kernel, kernel]` row-major.
    pub(crate) fn new(value: ValueId, window: Window, channels: ChannelSlice, weights: &[f32]) -> Self {
        let weights = window_major(weights, window.output.channels, channels.count, window.kernel[0]);
        Self { value, window, channels, weights }
    }

    /// Elements of a window.
    fn inner(&self) -> usize {
        self.window.taps() * self.channels.count
    }

    /// Windows that are gathered at a time.
    fn tile(&self) -> usize {
        (TILE_FLOATS / self.inner()).max(MIN_TILE).min(self.window.output.positions())
    }

    /// Whether the input already is the matrix of windows.
    fn in_place(&self) -> bool {
        let Window { kernel, stride, padding, .. } = self.window;
        (kernel, stride, padding) == ([1, 1], 1, 0) && self.channels.is_all()
    }

    /// The windows of some positions, zeros where they stick out.
    fn gather(&self, source: &[f32], positions: Range<usize>, columns: &mut [f32]) {
        let ChannelSlice { all, first, count } = self.channels;
        let kernel = self.window.kernel[1];
        for (position, column) in positions.zip(columns.chunks_exact_mut(self.inner())) {
            let (y, x) = self.window.position(position);
            let (rows, across) = (self.window.rows(y), self.window.columns(x));
            if rows.len() * across.len() < self.window.taps() {
                column.fill(0.0);
            }
            for row in rows {
                let (y, x) = (self.window.input_at(y, row), self.window.input_at(x, across.start));
                let from = (y * self.window.input.width + x) * all;
                let to = &mut column[(row * kernel + across.start) * count..][..across.len() * count];
                let from = &source[from..from + across.len() * all];
                if self.channels.is_all() {
                    to.copy_from_slice(from);
                    continue;
                }
                for (to, from) in to.chunks_exact_mut(count).zip(from.chunks_exact(all)) {
                    to.copy_from_slice(&from[first..first + count]);
                }
            }
        }
    }
}

impl Source for DenseConv {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn needs(&self) -> Needs {
        let columns = if self.in_place() { 0 } else { self.tile() * self.inner() };
        Needs { columns, tile: self.tile() * self.window.output.channels, ..Needs::default() }
    }

    fn run(&self, context: Context<'_>, rows: Range<usize>, scratch: &mut Scratch, sink: &mut Sink<'_>) {
        let source = context.values.floats(self.value);
        let (width, inner, filters) = (self.window.output.width, self.inner(), self.window.output.channels);
        let positions = rows.start * width..rows.end * width;
        for first in positions.clone().step_by(self.tile()) {
            let tile = first..positions.end.min(first + self.tile());
            let product = &mut scratch.tile[..tile.len() * filters];
            if self.in_place() {
                let windows = &source[tile.start * inner..tile.end * inner];
                matrix_product(windows, &self.weights, product, inner, filters);
            } else {
                let columns = &mut scratch.columns[..tile.len() * inner];
                self.gather(source, tile.clone(), columns);
                matrix_product(columns, &self.weights, product, inner, filters);
            }
            for (position, values) in tile.zip(product.chunks_exact(filters)) {
                sink.floats(position, |row| row.copy_from_slice(values));
            }
        }
    }
}

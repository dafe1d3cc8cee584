use std::ops::Range;

use super::{Context, Sink, Source, Values};
use crate::{
    ink::{Band, Ink},
    memory::{Needs, Scratch},
    plan::ValueId,
    window::Window,
};

/// A convolution of a canvas that is mostly exactly 0: it visits the ink only.
#[derive(Debug)]
pub(crate) struct InkConv {
    value: ValueId,
    window: Window,
    /// One row an element of a window, column by column as [`Ink`] has them, and one column a filter.
    weights: Vec<f32>,
}

impl InkConv {
    /// `weights` are `[out, in, kernel, kernel]` row-major.
    pub(crate) fn new(value: ValueId, window: Window, weights: &[f32]) -> Self {
        Self { value, window, weights: column_major(weights, &window) }
    }
}

/// Weights `[out, in, y, x]` as `[x, in, y, out]`.
fn column_major(weights: &[f32], window: &Window) -> Vec<f32> {
    let (filters, channels, [height, width]) = (window.output.channels, window.input.channels, window.kernel);
    let mut matrix = vec![0.0; weights.len()];
    for (row, weights) in weights.chunks_exact(width).enumerate() {
        let (filter, channel, y) = (row / height / channels, row / height % channels, row % height);
        for (x, &weight) in weights.iter().enumerate() {
            matrix[((x * channels + channel) * height + y) * filters + filter] = weight;
        }
    }
    matrix
}

impl Source for InkConv {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn needs(&self) -> Needs {
        Band::needs(&self.window)
    }

    fn prepare(&self, values: Values<'_>, ink: &mut Ink) {
        let input = self.window.input;
        ink.find(&values.floats(self.value)[..input.elements()], input.width * input.channels);
    }

    fn run(&self, context: Context<'_>, rows: Range<usize>, scratch: &mut Scratch, sink: &mut Sink<'_>) {
        let width = self.window.output.width;
        scratch.band.begin(context.ink);
        for y in rows {
            scratch.band.go_to(context.ink, &self.window, y);
            for x in 0..width {
                let (taps, first) = scratch.band.taps(&self.window, x);
                sink.floats(y * width + x, |row| context.kernels.sum_rows(taps, first, &self.weights, row));
            }
        }
    }
}

use super::{
    channel_slice::ChannelSlice,
    dense_conv::DenseConv,
    memory::{Needs, Prepared, Scratch},
    operator::Source,
    sink::Sink,
    values::{Context, Values},
    weights::negate_columns,
};
use crate::{
    plan::{ValueId, Window},
    simd::{Aligned, Kernels},
    sparse::{InkCapacity, Place},
};

/// The share of the positions from which on visiting each costs more than taking all: sketches
/// have a tenth of it.
const DENSE: f64 = 0.4;

/// A convolution of a canvas that is mostly exactly 0: it visits the ink only, unless there is so much
/// that this would not pay.
#[derive(Debug)]
pub(crate) struct InkConv {
    value: ValueId,
    window: Window,
    /// One row an element of a window, column by column as [`Ink`] has them, and one column a filter.
    weights: Aligned<f32>,
    dense: DenseConv,
}

impl InkConv {
    /// `weights` are `[out, in, kernel, kernel]` row-major.
    pub(crate) fn new(value: ValueId, window: Window, weights: &[f32]) -> Self {
        let dense = DenseConv::new(value, window, ChannelSlice::all(window.input.channels), weights);
        Self { value, window, weights: Aligned::new(&column_major(weights, &window)), dense }
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

    fn window(&self) -> Option<&Window> {
        Some(&self.window)
    }

    fn negate(&mut self, falling: &[bool]) -> bool {
        negate_columns(&mut self.weights, falling);
        self.dense.negate(falling)
    }

    fn needs(&self) -> Needs {
        Needs { ink: InkCapacity::of(&self.window), ..self.dense.needs() }
    }

    fn prepare(&self, _: Kernels, values: Values<'_>, prepared: &mut Prepared) {
        let (input, touched) = (self.window.input, values.touched(self.value));
        let dense = touched.count() as f64 > DENSE * input.positions() as f64;
        prepared.ink.list(values.floats(self.value), input, (!dense).then_some(touched));
    }

    fn run(&self, context: Context<'_>, places: &[Place], scratch: &mut Scratch, sink: &mut Sink<'_>) {
        if !context.prepared.ink.is_listed() {
            return self.dense.run(context, places, scratch, sink);
        }
        for row in places.chunk_by(|a, b| a.y == b.y) {
            scratch.band.go_to(&context.prepared.ink, &self.window, row[0].y());
            for place in row {
                let (taps, first) = scratch.band.taps(&self.window, place.x());
                let weights = &self.weights;
                sink.floats(*place, |sums| context.kernels.sum_rows(taps, first, weights, sums));
            }
        }
    }
}

use super::{
    memory::ThreadWorkspace, operator::StepOperator, sink::ResultSink, values::OperatorContext,
    weights::window_major,
};
use crate::plan::{ValueId, WindowGeometry};

/// Window taps per kernel call: all of the usual 3 × 3 and 5 × 5.
const ROWS: usize = 25;

/// Depthwise convolution of floats.
#[derive(Debug)]
pub(crate) struct DepthwiseConv {
    value: ValueId,
    window: WindowGeometry,
    /// Weight matrix, one row per tap and one column per channel.
    weights: Vec<f32>,
}

impl DepthwiseConv {
    /// Creates a convolution; `weights` are `[channels, 1, kernel, kernel]` row-major.
    pub(crate) fn new(value: ValueId, window: WindowGeometry, weights: &[f32]) -> Self {
        let weights = window_major(weights, window.output.channels, 1, window.kernel[0]);
        Self { value, window, weights }
    }
}

impl StepOperator for DepthwiseConv {
    fn input(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&WindowGeometry> {
        Some(&self.window)
    }

    fn run(&self, context: OperatorContext<'_>, _: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        let values = context.values.floats(self.value);
        let (channels, kernel) = (self.window.input.channels, self.window.kernel[1]);
        for position in context.positions {
            let (y, x) = (position.y(), position.x());
            let across = self.window.columns(x);
            let from = self.window.column_at(x, across.start);
            sink.floats(*position, |sums| {
                sums.fill(0.0);
                let (mut rows, mut count) = ([[&[][..]; 2]; ROWS], 0);
                for row in self.window.rows(y) {
                    let first = self.window.row_at(y, row) * self.window.input.width + from;
                    let values = &values[first * channels..][..across.len() * channels];
                    let weights = &self.weights[(row * kernel + across.start) * channels..][..values.len()];
                    for taps in values.chunks_exact(channels).zip(weights.chunks_exact(channels)) {
                        rows[count] = taps.into();
                        count += 1;
                        if count == ROWS {
                            context.kernels.add_products(&rows, sums);
                            count = 0;
                        }
                    }
                }
                context.kernels.add_products(&rows[..count], sums);
            });
        }
    }
}

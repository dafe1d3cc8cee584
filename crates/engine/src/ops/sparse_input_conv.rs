use super::{
    channel_slice::ChannelSlice,
    dense_conv::DenseConv,
    memory::{PreparedInput, ThreadWorkspace, WorkspaceSize},
    operator::StepOperator,
    record::OperatorRecord,
    sink::ResultSink,
    values::{ComputedValues, OperatorContext},
    weights::negate_columns,
};
use crate::{
    plan::{ValueId, WindowGeometry},
    simd::{AlignedBuffer, SimdKernels},
    sparse::InkCapacity,
};

/// Share of active positions above which a dense convolution is faster; sketches have a tenth of it.
const DENSE: f64 = 0.4;

/// Convolution of a sparse canvas that visits non-zero elements only, unless there are too many of them.
#[derive(Debug)]
pub(crate) struct SparseInputConv {
    value: ValueId,
    window: WindowGeometry,
    /// Weight matrix, one row per window element, column-major like [`InkBand`], and one column per filter.
    weights: AlignedBuffer<f32>,
    dense: DenseConv,
}

impl SparseInputConv {
    /// Creates a convolution; `weights` are `[out, in, kernel, kernel]` row-major.
    pub(crate) fn new(value: ValueId, window: WindowGeometry, weights: &[f32]) -> Self {
        let dense = DenseConv::new(value, window, ChannelSlice::all(window.input.channels), weights);
        Self { value, window, weights: AlignedBuffer::new(&column_major(weights, &window)), dense }
    }
}

/// Transposes weights from `[out, in, y, x]` to `[x, in, y, out]`.
fn column_major(weights: &[f32], window: &WindowGeometry) -> Vec<f32> {
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

impl StepOperator for SparseInputConv {
    fn input(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&WindowGeometry> {
        Some(&self.window)
    }

    fn record(&self) -> Option<OperatorRecord<'_>> {
        self.dense.record()
    }

    fn negate(&mut self, falling: &[bool]) -> bool {
        negate_columns(&mut self.weights, falling);
        self.dense.negate(falling)
    }

    fn workspace_size(&self) -> WorkspaceSize {
        WorkspaceSize { ink: InkCapacity::of(&self.window), ..self.dense.workspace_size() }
    }

    fn prepare(&self, _: SimdKernels, values: ComputedValues<'_>, prepared: &mut PreparedInput) {
        let (input, active) = (self.window.input, values.active(self.value));
        let dense = active.count() as f64 > DENSE * input.positions() as f64;
        prepared.ink.collect(values.floats(self.value), input, (!dense).then_some(active));
    }

    fn run(&self, context: OperatorContext<'_>, workspace: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        if !context.prepared.ink.is_listed() {
            return self.dense.run(context, workspace, sink);
        }
        for row in context.positions.chunk_by(|a, b| a.y == b.y) {
            workspace.band.load_row(&context.prepared.ink, &self.window, row[0].y());
            for position in row {
                let (taps, first) = workspace.band.taps(&self.window, position.x());
                let weights = &self.weights;
                sink.floats(*position, |sums| context.kernels.sum_weight_rows(taps, first, weights, sums));
            }
        }
    }
}

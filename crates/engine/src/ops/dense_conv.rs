use dabnet_matrix::{MatrixView, MatrixViewMut, WriteMode, multiply};

use super::{
    channel_slice::{ChannelSlice, gather},
    memory::{ThreadWorkspace, WorkspaceSize},
    operator::StepOperator,
    record::OperatorRecord,
    sink::ResultSink,
    values::OperatorContext,
    weights::{negate_columns, window_major},
};
use crate::{
    plan::{ValueId, WindowGeometry},
    sparse::GridPosition,
};

/// Floats of gathered windows per tile: about a level-2 cache.
const TILE_FLOATS: usize = 1 << 16;

/// Windows per tile, at least, so that weights are not read again for each.
const MIN_TILE: usize = 16;

/// Convolution of floats as a matrix product (im2col).
#[derive(Debug)]
pub(crate) struct DenseConv {
    value: ValueId,
    window: WindowGeometry,
    channels: ChannelSlice,
    /// Weight matrix, one row per window element and one column per filter.
    weights: Vec<f32>,
}

impl DenseConv {
    /// Creates a convolution of some channels of `value`; `weights` are `[out, in, kernel, kernel]`
    /// row-major.
    pub(crate) fn new(
        value: ValueId,
        window: WindowGeometry,
        channels: ChannelSlice,
        weights: &[f32],
    ) -> Self {
        let weights = window_major(weights, window.output.channels, channels.count, window.kernel[0]);
        Self { value, window, channels, weights }
    }

    /// Elements of a window.
    fn inner(&self) -> usize {
        self.window.taps() * self.channels.count
    }

    /// Windows per tile.
    fn tile(&self) -> usize {
        (TILE_FLOATS / self.inner()).max(MIN_TILE).min(self.window.output.positions())
    }

    /// Fewest windows that are multiplied. A single row is summed in another order than several are, and a
    /// position must not depend on the others that are computed with it.
    fn least(&self) -> usize {
        self.window.output.positions().min(2)
    }

    /// Returns the windows of `tile` in place, if they are contiguous.
    fn in_place<'a>(&self, source: &'a [f32], tile: &[GridPosition]) -> Option<&'a [f32]> {
        let WindowGeometry { kernel, stride, padding, .. } = self.window;
        let pointwise = (kernel, stride, padding) == ([1, 1], 1, [0, 0]) && self.channels.is_all();
        let (first, last) = (tile[0].index(), tile[tile.len() - 1].index());
        let run = last - first + 1 == tile.len() && tile.len() >= self.least();
        (pointwise && run).then(|| &source[first * self.inner()..(last + 1) * self.inner()])
    }
}

impl StepOperator for DenseConv {
    fn input(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&WindowGeometry> {
        Some(&self.window)
    }

    fn record(&self) -> Option<OperatorRecord<'_>> {
        let Self { window, weights, channels, .. } = self;
        channels.is_all().then_some(OperatorRecord::RealConv { window, weights })
    }

    fn negate(&mut self, falling: &[bool]) -> bool {
        negate_columns(&mut self.weights, falling);
        true
    }

    fn workspace_size(&self) -> WorkspaceSize {
        WorkspaceSize {
            columns: self.tile() * self.inner(),
            tile: self.tile() * self.window.output.channels,
            ..WorkspaceSize::default()
        }
    }

    fn run(&self, context: OperatorContext<'_>, workspace: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        let source = context.values.floats(self.value);
        let (inner, filters) = (self.inner(), self.window.output.channels);
        for tile in context.positions.chunks(self.tile()) {
            let rows = tile.len().max(self.least());
            let product = &mut workspace.tile[..rows * filters];
            let windows = match self.in_place(source, tile) {
                Some(windows) => windows,
                None => {
                    let columns = &mut workspace.columns[..rows * inner];
                    for (&position, column) in tile.iter().zip(columns.chunks_exact_mut(inner)) {
                        gather(&self.window, self.channels, source, position, column);
                    }
                    columns
                }
            };
            matrix_product(windows, &self.weights, product, inner, filters);
            for (position, values) in tile.iter().zip(product.chunks_exact(filters)) {
                sink.row(*position, values);
            }
        }
    }
}

/// `product = left · right` for row-major matrices: `left` is rows × `inner`, `right` is `inner` × `columns`.
/// Runs on the calling thread only.
fn matrix_product(left: &[f32], right: &[f32], product: &mut [f32], inner: usize, columns: usize) {
    if columns == 1 {
        // The library's summation order of a column depends on the number of rows.
        product.iter_mut().zip(left.chunks_exact(inner)).for_each(|(sum, row)| *sum = dot(row, right));
        return;
    }
    let (left, right) = (MatrixView::new(left, inner), MatrixView::new(right, columns));
    multiply(&mut MatrixViewMut::new(product, columns), left, right, WriteMode::Replace);
}

/// Dot product in 16 interleaved partial sums.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const WIDTH: usize = 16;
    let (a_blocks, a_rest) = a.as_chunks::<WIDTH>();
    let (b_blocks, b_rest) = b.as_chunks::<WIDTH>();
    let mut sums = [0.0; WIDTH];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        (0..WIDTH).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

use super::{
    channel_slice::{ChannelSlice, gather},
    memory::{ThreadWorkspace, WorkspaceSize},
    operator::StepOperator,
    sink::ResultSink,
    values::OperatorContext,
};
use crate::{
    plan::{ValueId, WindowGeometry},
    simd::words,
};

/// Convolution of floats with binary weights, by additions only: `⟨x, W̃⟩ = α · ⟨x, e⟩ + β · (Σx − ⟨x, e⟩)`.
///
/// Reading one bit per weight pays off where weights are read for few positions, as in a fully connected
/// layer. Elsewhere a matrix product of floats is as fast.
#[derive(Debug)]
pub(crate) struct BinaryWeightConv {
    value: ValueId,
    window: WindowGeometry,
    channels: ChannelSlice,
    /// Packed filters, each padded to whole words.
    bits: Vec<u64>,
    /// Value of ones, per filter.
    alpha: Vec<f32>,
    /// Value of zeros, per filter.
    beta: Vec<f32>,
}

impl BinaryWeightConv {
    /// Upper bound of the output positions for which this operator is the fastest.
    pub(crate) const MAX_POSITIONS: usize = 8;

    /// Creates a convolution of some channels of `value`. `rows` are the packed filters, `⌈n/8⌉` bytes each.
    pub(crate) fn new(
        value: ValueId,
        window: WindowGeometry,
        channels: ChannelSlice,
        rows: &[u8],
        [alpha, beta]: [&[f32]; 2],
    ) -> Self {
        let row = rows.len() / alpha.len();
        let words_of = |row: &[u8]| -> Vec<u64> {
            let word = |bytes: &[u8]| {
                let mut word = [0; 8];
                word[..bytes.len()].copy_from_slice(bytes);
                u64::from_le_bytes(word)
            };
            row.chunks(8).map(word).collect()
        };
        Self {
            value,
            window,
            channels,
            bits: rows.chunks_exact(row).flat_map(words_of).collect(),
            alpha: alpha.to_vec(),
            beta: beta.to_vec(),
        }
    }

    /// Elements of a window, padded to whole words.
    fn inner(&self) -> usize {
        64 * words(self.window.taps() * self.channels.count)
    }
}

impl StepOperator for BinaryWeightConv {
    fn input(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&WindowGeometry> {
        Some(&self.window)
    }

    fn workspace_size(&self) -> WorkspaceSize {
        WorkspaceSize { columns: self.inner(), ..WorkspaceSize::default() }
    }

    fn run(&self, context: OperatorContext<'_>, workspace: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        let window = &mut workspace.columns[..self.inner()];
        for &position in context.positions {
            window.fill(0.0);
            gather(&self.window, self.channels, context.values.floats(self.value), position, window);
            sink.floats(position, |row| {
                let total = context.kernels.masked_sums(window, &self.bits, row);
                for (sum, (alpha, beta)) in row.iter_mut().zip(self.alpha.iter().zip(&self.beta)) {
                    *sum = alpha * *sum + beta * (total - *sum);
                }
            });
        }
    }
}

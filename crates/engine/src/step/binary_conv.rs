use super::{BitSink, Step, borders::Borders};
use crate::{
    EngineError, bits,
    kernels::{BitFilters, Kernels, LANES, Sums},
    window::Window,
    workspace::{Needs, Workspace},
};

/// Bytes of patches and counts that are worked on at a time: about what a level-1 cache holds
/// beside the filters.
const TILE_BYTES: usize = 32 << 10;

/// A convolution of bits by bits.
#[derive(Debug)]
pub(crate) struct BinaryConv {
    window: Window,
    filters: BitFilters,
    borders: Borders,
    /// Per filter, `(α − β) / 2`: the factor of the binary dot product.
    slope: Vec<f32>,
    /// Per filter, `(α + β) / 2`: the factor of the sum of the activations.
    lift: Vec<f32>,
    outputs: Outputs,
}

/// What becomes of a binary convolution's results.
#[derive(Debug)]
enum Outputs {
    /// They stay floats.
    Floats,
    /// Each is compared with a number, and the bits go on.
    Bits { at: Vec<f32>, sink: BitSink },
}

impl BinaryConv {
    /// `rows` are the filters' bits, `⌈n/8⌉` bytes each. The outputs are floats.
    pub(crate) fn new(window: Window, rows: &[u8], alpha: &[f32], beta: &[f32]) -> Result<Self, EngineError> {
        let filters = BitFilters::new(rows, window.len());
        let combine = |f: fn(f64, f64) -> f64| {
            let values = alpha.iter().zip(beta).map(|(&alpha, &beta)| f(alpha.into(), beta.into()) as f32);
            padded(values.collect(), 0.0)
        };
        Ok(Self {
            borders: Borders::new(&window, rows)?,
            slope: combine(|alpha, beta| (alpha - beta) / 2.0),
            lift: combine(|alpha, beta| (alpha + beta) / 2.0),
            window,
            filters,
            outputs: Outputs::Floats,
        })
    }

    /// The same with bits for outputs: whether `sign · result ≥ at`, a filter each.
    pub(crate) fn into_bits(mut self, sign: &[f32], at: Vec<f32>, sink: BitSink) -> Self {
        for factors in [&mut self.slope, &mut self.lift] {
            factors.iter_mut().zip(sign).for_each(|(factor, sign)| *factor *= sign);
        }
        self.outputs = Outputs::Bits { at: padded(at, f32::INFINITY), sink };
        self
    }

    /// Output positions that are worked on at a time.
    fn tile(&self) -> usize {
        let bytes = 8 * self.filters.words() + 4 * self.filters.padded();
        (TILE_BYTES / bytes).clamp(4, 64).min(self.window.output.positions())
    }

    /// Gathers the window at output `(y, x)`, zeros where it sticks out.
    fn gather(&self, source: &[u64], y: usize, x: usize, patch: &mut [u64]) {
        let Window { input, kernel, .. } = self.window;
        let across = self.window.columns(x);
        let input_x = self.window.input_at(x, across.start);
        patch.fill(0);
        for row in self.window.rows(y) {
            let from = (self.window.input_at(y, row) * input.width + input_x) * input.channels;
            let to = (row * kernel + across.start) * input.channels;
            bits::or_run(patch, to, source, from, across.len() * input.channels);
        }
    }
}

/// Fills the last group of filters.
fn padded(mut values: Vec<f32>, filler: f32) -> Vec<f32> {
    values.resize(values.len().next_multiple_of(LANES), filler);
    values
}

impl Step for BinaryConv {
    fn needs(&self) -> Needs {
        let Window { input, output, .. } = self.window;
        let outputs = match &self.outputs {
            Outputs::Floats => Needs { floats: output.elements(), ..Needs::default() },
            Outputs::Bits { sink, .. } => sink.needs(),
        };
        outputs.max(Needs {
            bits: bits::words_with_spare(input.elements()),
            patches: self.tile() * self.filters.words(),
            counts: self.tile() * self.filters.padded(),
            ..Needs::default()
        })
    }

    fn run(&self, kernels: Kernels, workspace: &mut Workspace) {
        let (words, padded) = (self.filters.words(), self.filters.padded());
        let positions = self.window.output.positions();
        for first in (0..positions).step_by(self.tile()) {
            let tile = first..positions.min(first + self.tile());
            let patches = &mut workspace.patches[..tile.len() * words];
            let counts = &mut workspace.counts[..tile.len() * padded];
            for (position, patch) in tile.clone().zip(patches.chunks_exact_mut(words)) {
                let (y, x) = self.window.position(position);
                self.gather(&workspace.bits.front, y, x, patch);
            }
            kernels.count_differences(patches, &self.filters, counts);
            for ((position, patch), counts) in
                tile.zip(patches.chunks_exact(words)).zip(counts.chunks_exact(padded))
            {
                let (y, x) = self.window.position(position);
                let (base, valid) = self.borders.at(y, x);
                let total = (2 * i64::from(kernels.count_ones(patch)) - valid as i64) as f32;
                let sums = Sums { counts, base, total, slope: &self.slope, lift: &self.lift };
                match &self.outputs {
                    Outputs::Floats => {
                        let filters = self.window.output.channels;
                        let out = &mut workspace.floats.front[position * filters..][..filters];
                        kernels.scale_sums(sums, out);
                    }
                    Outputs::Bits { at, sink } => {
                        let out = &mut workspace.loose[position * sink.stride()..][..sink.stride()];
                        kernels.compare_sums(sums, at, out);
                    }
                }
            }
        }
        if let Outputs::Bits { sink, .. } = &self.outputs {
            sink.pack(&mut workspace.loose, &mut workspace.bits.back);
            workspace.bits.swap();
        }
    }
}

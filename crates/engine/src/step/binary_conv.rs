use super::{ChannelSlice, Context, Sink, Source, borders::Borders};
use crate::{
    EngineError,
    bits::units,
    kernels::{BitFilters, LANES, Sums},
    memory::{Needs, Scratch},
    plan::ValueId,
    touched::Place,
    window::Window,
};

/// Bytes of patches and counts that are worked on at a time: about what a level-1 cache holds
/// beside the filters.
const TILE_BYTES: usize = 32 << 10;

/// A convolution of bits by bits.
#[derive(Debug)]
pub(crate) struct BinaryConv {
    value: ValueId,
    window: Window,
    channels: ChannelSlice,
    filters: BitFilters,
    borders: Borders,
    /// Per filter, `(α − β) / 2`: the factor of the binary dot product.
    slope: Vec<f32>,
    /// Per filter, `(α + β) / 2`: the factor of the sum of the activations.
    lift: Vec<f32>,
}

impl BinaryConv {
    /// On some channels of `value`, which begin and end with a unit unless they are all. `rows` are
    /// the filters' bits, `⌈n/8⌉` bytes each.
    pub(crate) fn new(
        value: ValueId,
        window: Window,
        channels: ChannelSlice,
        rows: &[u8],
        [alpha, beta]: [&[f32]; 2],
    ) -> Result<Self, EngineError> {
        let combine = |f: fn(f64, f64) -> f64| {
            let values = alpha.iter().zip(beta).map(|(&alpha, &beta)| f(alpha.into(), beta.into()) as f32);
            padded(values.collect(), 0.0)
        };
        Ok(Self {
            value,
            filters: BitFilters::new(rows, window.taps(), channels.count),
            borders: Borders::new(&window, channels.count, rows)?,
            slope: combine(|alpha, beta| (alpha - beta) / 2.0),
            lift: combine(|alpha, beta| (alpha + beta) / 2.0),
            window,
            channels,
        })
    }

    /// Multiplies the results of each filter by its sign, and gives the numbers they are to be
    /// compared with as many elements.
    pub(crate) fn fold(&mut self, sign: &[f32], at: Vec<f32>) -> Vec<f32> {
        for factors in [&mut self.slope, &mut self.lift] {
            factors.iter_mut().zip(sign).for_each(|(factor, sign)| *factor *= sign);
        }
        padded(at, f32::INFINITY)
    }

    /// Output positions that are worked on at a time.
    fn tile(&self) -> usize {
        let bytes = 8 * self.filters.words() + 4 * self.filters.padded();
        (TILE_BYTES / bytes).clamp(4, 64).min(self.window.output.positions())
    }

    /// Gathers the window at output `(y, x)`, zeros where it sticks out.
    fn gather(&self, source: &[u32], y: usize, x: usize, patch: &mut [u32]) {
        let (all, count) = (units(self.channels.all), units(self.channels.count));
        let (rows, across) = (self.window.rows(y), self.window.columns(x));
        if rows.len() * across.len() < self.window.taps() {
            patch.fill(0);
        }
        for row in rows {
            let (y, x) = (self.window.input_at(y, row), self.window.input_at(x, across.start));
            let source = &source[(y * self.window.input.width + x) * all..][..across.len() * all];
            let to = (row * self.window.kernel[1] + across.start) * count;
            let patch = &mut patch[to..to + across.len() * count];
            if self.channels.is_all() {
                patch.copy_from_slice(source);
                continue;
            }
            let first = units(self.channels.first);
            for (patch, source) in patch.chunks_exact_mut(count).zip(source.chunks_exact(all)) {
                patch.copy_from_slice(&source[first..first + count]);
            }
        }
    }
}

/// Fills the last group of filters.
fn padded(mut values: Vec<f32>, filler: f32) -> Vec<f32> {
    values.resize(values.len().next_multiple_of(LANES), filler);
    values
}

impl Source for BinaryConv {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&Window> {
        Some(&self.window)
    }

    fn needs(&self) -> Needs {
        Needs {
            patches: self.tile() * self.filters.words(),
            counts: self.tile() * self.filters.padded(),
            ..Needs::default()
        }
    }

    fn run(&self, context: Context<'_>, places: &[Place], scratch: &mut Scratch, sink: &mut Sink<'_>) {
        let Context { kernels, values, .. } = context;
        let source = values.bits(self.value);
        let (words, padded) = (self.filters.words(), self.filters.padded());
        for tile in places.chunks(self.tile()) {
            let patches = &mut scratch.patches[..tile.len() * words];
            let counts = &mut scratch.counts[..tile.len() * padded];
            for (place, patch) in tile.iter().zip(patches.chunks_exact_mut(words)) {
                // An odd number of units leaves half of the last word.
                patch[words - 1] = 0;
                self.gather(source, place.y(), place.x(), bytemuck::cast_slice_mut(patch));
            }
            kernels.count_differences(patches, &self.filters, counts);
            for ((place, patch), counts) in
                tile.iter().zip(patches.chunks_exact(words)).zip(counts.chunks_exact(padded))
            {
                let (base, valid) = self.borders.at(place.y(), place.x());
                let total = (2 * i64::from(kernels.count_ones(patch)) - valid as i64) as f32;
                sink.sums(
                    place.position(),
                    Sums { counts, base, total, slope: &self.slope, lift: &self.lift },
                );
            }
        }
    }
}

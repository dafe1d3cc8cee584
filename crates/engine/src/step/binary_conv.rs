use std::mem;

use super::{
    ChannelSlice, Context, Sink, Source, Values,
    borders::{Border, Borders},
    negate_columns,
};
use crate::{
    EngineError,
    aligned::Aligned,
    bits::units,
    kernels::{BitFilters, Compared, Kernels, LANES, Patches, Runs, Sums},
    memory::{Needs, Prepared, Scratch},
    ones::Ones,
    plan::ValueId,
    touched::Place,
    window::Window,
};

/// Bytes of patches and counts that are worked on at a time: about what a level-1 cache holds
/// beside the filters.
const TILE_BYTES: usize = 32 << 10;

/// Positions that kernels work on at a time.
const PATCHES: usize = 4;

/// A convolution of bits by bits.
#[derive(Debug)]
pub(crate) struct BinaryConv {
    value: ValueId,
    window: Window,
    channels: ChannelSlice,
    filters: BitFilters,
    borders: Borders,
    /// Per filter, `(α − β) / 2`: the factor of the binary dot product.
    slope: Aligned<f32>,
    /// Per filter, `(α + β) / 2`: the factor of the sum of the activations.
    lift: Aligned<f32>,
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
            Aligned::new(&padded(values.collect(), 0.0))
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
    pub(crate) fn fold(&mut self, sign: &[f32], at: Vec<f32>) -> Aligned<f32> {
        let falling: Vec<bool> = sign.iter().map(|&sign| sign < 0.0).collect();
        self.negate(&falling);
        Aligned::new(&padded(at, f32::INFINITY))
    }

    /// Output positions that are worked on at a time.
    fn tile(&self) -> usize {
        let bytes = 8 * self.filters.words() + 4 * self.filters.padded();
        let tile = (TILE_BYTES / bytes).clamp(PATCHES, 64) / PATCHES * PATCHES;
        tile.min(self.window.output.positions())
    }

    /// Whether windows are read where they lie: they are whole words there.
    fn reads_in_place(&self) -> bool {
        self.channels.is_all() && self.channels.count.is_multiple_of(64)
    }

    /// The units from one row of the input to the next.
    fn row(&self) -> usize {
        self.window.input.width * units(self.channels.all)
    }

    /// The unit that what of the window at `place` is on the input begins with.
    fn start(&self, place: Place, border: &Border) -> usize {
        let y = self.window.row_at(place.y(), border.rows.start);
        let x = self.window.column_at(place.x(), border.columns.start);
        y * self.row() + x * units(self.channels.all)
    }

    /// Gathers what of the window at `place` is on the input, and counts its ones.
    fn gather(&self, context: Context<'_>, place: Place, border: &Border, patch: &mut [u32]) -> u32 {
        let (all, count, row) = (units(self.channels.all), units(self.channels.count), self.row());
        let first = self.start(place, border) + units(self.channels.first);
        let source = &context.values.bits(self.value)[first..];
        let patch = &mut patch[border.first..];
        let (rows, across) = (border.rows.len(), border.columns.len());
        if self.channels.is_all() {
            let runs = Runs { count: rows, len: across * all, from_step: row, to_step: border.step };
            return context.kernels.gather(source, runs, patch);
        }
        let runs = Runs { count: across, len: count, from_step: all, to_step: count };
        (0..rows)
            .map(|y| context.kernels.gather(&source[y * row..], runs, &mut patch[y * border.step..]))
            .sum()
    }

    /// The ones of what of the window at `place` is on the input.
    fn ones(&self, context: Context<'_>, place: Place, border: &Border) -> u32 {
        let y = self.window.row_at(place.y(), border.rows.start);
        let x = self.window.column_at(place.x(), border.columns.start);
        context.prepared.ones.within(y..y + border.rows.len(), x..x + border.columns.len())
    }

    /// Computes the results at `places`, whose windows all stick out in the same way.
    fn run_tile(
        &self,
        context: Context<'_>,
        places: &[Place],
        border: &Border,
        scratch: &mut Scratch,
        sink: &mut Sink<'_>,
    ) {
        let (words, padded) = (border.part.words(), self.filters.padded());
        let total = |ones: u32| (2 * i64::from(ones) - border.valid as i64) as f32;
        scratch.starts.clear();
        scratch.totals.clear();
        let patches = if self.reads_in_place() {
            scratch.starts.extend(places.iter().map(|&place| self.start(place, border) as u32));
            scratch.totals.extend(places.iter().map(|&place| total(self.ones(context, place, border))));
            Patches { units: context.values.bits(self.value), starts: &scratch.starts, step: self.row() }
        } else {
            let patches = &mut scratch.patches[..places.len() * words];
            if !border.leaves_out {
                patches.fill(0);
            }
            for (&place, patch) in places.iter().zip(patches.chunks_exact_mut(words)) {
                let ones = self.gather(context, place, border, bytemuck::cast_slice_mut(patch));
                scratch.totals.push(total(ones));
            }
            scratch.starts.extend((0..places.len()).map(|patch| (2 * patch * words) as u32));
            let units = bytemuck::cast_slice(patches);
            Patches { units, starts: &scratch.starts, step: 2 * border.part.run }
        };
        let Self { filters, slope, lift, .. } = self;
        let (part, base, totals) = (border.part, &border.base, &scratch.totals);
        if let Some(at) = sink.compares() {
            let compared = Compared { patches, filters, part, totals, base, slope, lift, at };
            let bits = &mut scratch.compared[..places.len() * units(padded)];
            context.kernels.compare_patches(&compared, &mut scratch.counts, bits);
            for (&place, bits) in places.iter().zip(bits.chunks_exact(units(padded))) {
                sink.bits(place, |target| target.copy_from_slice(bits));
            }
            return;
        }
        let counts = &mut scratch.counts[..places.len() * padded];
        context.kernels.count_differences(patches, filters, part, counts);
        for (&place, (counts, &total)) in places.iter().zip(counts.chunks_exact(padded).zip(totals)) {
            sink.sums(place, Sums { counts, base, total, slope, lift });
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

    fn negate(&mut self, falling: &[bool]) -> bool {
        for factors in [&mut self.slope, &mut self.lift] {
            negate_columns(&mut factors[..falling.len()], falling);
        }
        true
    }

    fn prepare(&self, kernels: Kernels, values: Values<'_>, prepared: &mut Prepared) {
        if self.reads_in_place() {
            prepared.ones.count(kernels, values.bits(self.value), self.window.input);
        }
    }

    fn needs(&self) -> Needs {
        let in_place = self.reads_in_place();
        Needs {
            places: self.window.output.positions(),
            corners: if in_place { Ones::corners(self.window.input) } else { 0 },
            patches: if in_place { 0 } else { self.tile() * self.filters.words() },
            counts: self.tile() * self.filters.padded(),
            compared: self.tile() * units(self.filters.padded()),
            ..Needs::default()
        }
    }

    fn run(&self, context: Context<'_>, places: &[Place], scratch: &mut Scratch, sink: &mut Sink<'_>) {
        let (tile, most) = (self.tile(), self.borders.most());
        let kind = |place: &Place| self.borders.kind(place.y(), place.x());
        let (mut inside, mut others) = (mem::take(&mut scratch.inside), mem::take(&mut scratch.others));
        others.clear();
        inside.clear();
        for &place in places {
            if kind(&place) == most { inside.push(place) } else { others.push(place) }
        }
        for places in inside.chunks(tile) {
            self.run_tile(context, places, self.borders.get(most), scratch, sink);
        }
        others.sort_unstable_by_key(kind);
        for alike in others.chunk_by(|a, b| kind(a) == kind(b)) {
            for places in alike.chunks(tile) {
                self.run_tile(context, places, self.borders.get(kind(&alike[0])), scratch, sink);
            }
        }
        (scratch.inside, scratch.others) = (inside, others);
    }
}

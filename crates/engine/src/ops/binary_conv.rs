use std::mem;

use super::{
    channel_slice::ChannelSlice,
    memory::{Needs, Prepared, Scratch},
    operator::Source,
    padding::{Border, Borders},
    sink::Sink,
    values::{Context, Values},
    weights::negate_columns,
};
use crate::{
    error::EngineError,
    plan::{Bits, ValueId, Window},
    simd::{
        Aligned, BitFilters, Compared, Encoding, Kernels, LANES, Ones, PatchPlanes, Patches, Runs, Sums,
        planes_of, units,
    },
    sparse::Place,
};

/// Bytes of patches and counts that are worked on at a time: about what a level-1 cache holds
/// beside the filters.
const TILE_BYTES: usize = 32 << 10;

/// Positions that kernels work on at a time.
const PATCHES: usize = 4;

/// A convolution of bits by bits.
///
/// Filter `f` gives `⟨q, W̃⟩ = (α − β) / 2 · ⟨q, s⟩ + (α + β) / 2 · Σq`, with its weights' signs `s`. For signs `q`,
/// `⟨q, s⟩` is the number of weights less twice that of differences. For levels, `q = Σⱼ 2ʲqⱼ` with bits `qⱼ`, it is
/// `(2ᵇ − 1) · K − Σⱼ 2ʲ · differences of qⱼ`, where `K` counts the weights whose sign is +1.
#[derive(Debug)]
pub(crate) struct BinaryConv {
    bits: Bits,
    window: Window,
    channels: ChannelSlice,
    filters: BitFilters,
    borders: Borders,
    /// Per filter, the factor of what [`Sums`] calls the dot product: `(α − β) / 2` for signs; half of that, times
    /// the step, for levels, of which it is twice the dot product.
    slope: Aligned<f32>,
    /// Per filter, the factor of the sum of the activations: `(α + β) / 2`, times the step.
    lift: Aligned<f32>,
}

impl BinaryConv {
    /// On some channels of `bits`, which begin and end with a unit unless they are all. `rows` are
    /// the filters' bits, `⌈n/8⌉` bytes each.
    pub(crate) fn new(
        bits: Bits,
        window: Window,
        channels: ChannelSlice,
        rows: &[u8],
        [alpha, beta]: [&[f32]; 2],
    ) -> Result<Self, EngineError> {
        let (slope, lift) = match bits.encoding {
            Encoding::Signs => (0.5, 0.5),
            Encoding::Levels { step, .. } => (0.25 * f64::from(step), 0.5 * f64::from(step)),
        };
        let combine = |f: fn(f64, f64) -> f64, factor: f64| {
            let values = alpha.iter().zip(beta);
            let values = values.map(|(&alpha, &beta)| (factor * f(alpha.into(), beta.into())) as f32);
            Aligned::new(&padded(values.collect(), 0.0))
        };
        Ok(Self {
            bits,
            filters: BitFilters::new(rows, window.taps(), channels.count),
            borders: Borders::new(&window, channels.count, rows, bits.encoding)?,
            slope: combine(|alpha, beta| alpha - beta, slope),
            lift: combine(|alpha, beta| alpha + beta, lift),
            window,
            channels,
        })
    }

    /// Multiplies the results of each filter by its sign, and gives the numbers they are to be
    /// compared with as many elements.
    pub(crate) fn fold(&mut self, sign: &[f32], at: Vec<Vec<f32>>) -> Vec<Aligned<f32>> {
        let falling: Vec<bool> = sign.iter().map(|&sign| sign < 0.0).collect();
        self.negate(&falling);
        at.into_iter().map(|at| Aligned::new(&padded(at, f32::INFINITY))).collect()
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

    /// The units from one plane of a row of the input to the next.
    fn plane(&self) -> usize {
        self.window.input.width * units(self.channels.all)
    }

    /// The units from one row of the input to the next.
    fn row(&self) -> usize {
        self.planes() * self.plane()
    }

    fn planes(&self) -> usize {
        self.bits.encoding.planes()
    }

    /// The unit that what of the window at `place` is on the input begins with.
    fn start(&self, place: Place, border: &Border) -> usize {
        let y = self.window.row_at(place.y(), border.rows.start);
        let x = self.window.column_at(place.x(), border.columns.start);
        y * self.row() + x * units(self.channels.all)
    }

    /// Gathers what of the window at `place` is on the input in one plane, and counts its ones.
    fn gather(
        &self,
        context: Context<'_>,
        plane: usize,
        place: Place,
        border: &Border,
        patch: &mut [u32],
    ) -> u32 {
        let (all, count, row) = (units(self.channels.all), units(self.channels.count), self.row());
        let first = self.start(place, border) + plane * self.plane() + units(self.channels.first);
        let source = &context.values.bits(self.bits.value)[first..];
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

    /// The ones of what of the window at `place` is on the input, those in plane `j` counted `2ʲ` times.
    fn ones(&self, context: Context<'_>, place: Place, border: &Border) -> u32 {
        let y = self.window.row_at(place.y(), border.rows.start);
        let x = self.window.column_at(place.x(), border.columns.start);
        context.prepared.ones.within(y..y + border.rows.len(), x..x + border.columns.len())
    }

    /// The windows at `places`, which all stick out in the same way: where they lie, or gathered into `room`,
    /// plane by plane; and the sum of the activations of each.
    fn windows<'s>(
        &self,
        context: Context<'s>,
        places: &[Place],
        border: &Border,
        room: Windows<'s>,
    ) -> (PatchPlanes<'s>, &'s [f32]) {
        let Windows { patches, starts, totals } = room;
        let total = |ones: u32| match self.bits.encoding {
            Encoding::Signs => (2 * i64::from(ones) - border.valid as i64) as f32,
            Encoding::Levels { .. } => ones as f32,
        };
        starts.clear();
        totals.clear();
        let planes = self.planes();
        if self.reads_in_place() {
            starts.extend(places.iter().map(|&place| self.start(place, border) as u32));
            totals.extend(places.iter().map(|&place| total(self.ones(context, place, border))));
            let units = context.values.bits(self.bits.value);
            let first = Patches { units, starts, step: self.row() };
            return (PatchPlanes { first, planes, step: self.plane() }, totals);
        }
        let words = border.part.words();
        let plane_words = places.len() * words;
        let patches = &mut patches[..planes * plane_words];
        if !border.leaves_out {
            patches.fill(0);
        }
        for (at, &place) in places.iter().enumerate() {
            let mut ones = 0;
            for plane in 0..planes {
                let patch = &mut patches[plane * plane_words + at * words..][..words];
                let patch = bytemuck::cast_slice_mut(patch);
                ones += self.gather(context, plane, place, border, patch) << plane;
            }
            totals.push(total(ones));
        }
        starts.extend((0..places.len()).map(|patch| (2 * patch * words) as u32));
        let units = bytemuck::cast_slice(patches);
        let first = Patches { units, starts, step: 2 * border.part.run };
        (PatchPlanes { first, planes, step: 2 * plane_words }, totals)
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
        let padded = self.filters.padded();
        let Scratch { patches, starts, totals, counts, compared: bits, .. } = scratch;
        let (patches, totals) = self.windows(context, places, border, Windows { patches, starts, totals });
        let Self { filters, slope, lift, .. } = self;
        let (part, base) = (border.part, &border.base);
        let (counts, spare) = counts.split_at_mut(places.len() * padded);
        if let Some(at) = sink.compares() {
            let compared = Compared { patches, filters, part, totals, base, slope, lift, at };
            let each = planes_of(at.len()) * units(padded);
            let bits = &mut bits[..places.len() * each];
            context.kernels.compare_patches(&compared, counts, spare, bits);
            for (&place, bits) in places.iter().zip(bits.chunks_exact(each)) {
                sink.bits(place, bits);
            }
            return;
        }
        context.kernels.count_planes(patches, filters, part, counts, spare);
        for (&place, (counts, &total)) in places.iter().zip(counts.chunks_exact(padded).zip(totals)) {
            sink.sums(place, Sums { counts, base, total, slope, lift });
        }
    }
}

/// Room for windows: their bits, where each begins, and the sum of the activations of each.
struct Windows<'s> {
    patches: &'s mut [u64],
    starts: &'s mut Vec<u32>,
    totals: &'s mut Vec<f32>,
}

/// Fills the last group of filters.
fn padded(mut values: Vec<f32>, filler: f32) -> Vec<f32> {
    values.resize(values.len().next_multiple_of(LANES), filler);
    values
}

impl Source for BinaryConv {
    fn reads(&self) -> ValueId {
        self.bits.value
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
            let bits = values.bits(self.bits.value);
            prepared.ones.count(kernels, bits, self.window.input, self.planes());
        }
    }

    fn needs(&self) -> Needs {
        let in_place = self.reads_in_place();
        Needs {
            places: self.window.output.positions(),
            corners: if in_place { Ones::corners(self.window.input) } else { 0 },
            patches: if in_place { 0 } else { self.planes() * self.tile() * self.filters.words() },
            counts: if self.planes() > 1 { 2 } else { 1 } * self.tile() * self.filters.padded(),
            compared: Encoding::MAX_PLANES * self.tile() * units(self.filters.padded()),
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

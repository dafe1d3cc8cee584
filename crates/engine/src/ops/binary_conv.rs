use std::mem;

use super::{
    channel_slice::ChannelSlice,
    memory::{PreparedInput, ThreadWorkspace, WorkspaceSize},
    operator::StepOperator,
    padding::{PaddingCase, PaddingTable},
    record::OperatorRecord,
    sink::ResultSink,
    values::{ComputedValues, OperatorContext},
    weights::negate_columns,
};
use crate::{
    error::EngineError,
    plan::{BitValue, ValueId, WindowGeometry},
    simd::{
        AlignedBuffer, BitEncoding, BitFilters, BitPatches, DotProducts, GatherRuns, LANES, PatchComparison,
        PatchPlanes, PopcountIntegral, SimdKernels, planes_of, units,
    },
    sparse::GridPosition,
};

/// Bytes of patches and counts per tile: about a level-1 cache, beside the filters.
const TILE_BYTES: usize = 32 << 10;

/// Positions per kernel call, at least.
const PATCHES: usize = 4;

/// Binary convolution of bit activations.
///
/// Filter `f` gives `⟨q, W̃⟩ = (α − β) / 2 · ⟨q, s⟩ + (α + β) / 2 · Σq`, with the signs `s` of its weights.
/// For signs `q`, `⟨q, s⟩` is the number of weights minus twice that of differing bits. For levels, `q = Σⱼ
/// 2ʲqⱼ` with bits `qⱼ`, it is `(2ᵇ − 1) · K − Σⱼ 2ʲ · differences of qⱼ`, where `K` counts the weights with
/// sign +1.
#[derive(Debug)]
pub(crate) struct BinaryConv {
    bits: BitValue,
    window: WindowGeometry,
    channels: ChannelSlice,
    filters: BitFilters,
    padding_table: PaddingTable,
    /// Factor of the dot product of [`DotProducts`], per filter: `(α − β) / 2` for signs; half of that times
    /// the step for levels, for which the dot product is doubled.
    dot_factor: AlignedBuffer<f32>,
    /// Factor of the sum of activations, per filter: `(α + β) / 2`, times the step.
    sum_factor: AlignedBuffer<f32>,
}

impl BinaryConv {
    /// Creates a convolution of some channels of `bits`, which begin and end at a unit boundary unless they
    /// are all. `rows` are the packed filters, `⌈n/8⌉` bytes each.
    pub(crate) fn new(
        bits: BitValue,
        window: WindowGeometry,
        channels: ChannelSlice,
        rows: &[u8],
        [alpha, beta]: [&[f32]; 2],
    ) -> Result<Self, EngineError> {
        let (dot_factor, sum_factor) = match bits.encoding {
            BitEncoding::Signs => (0.5, 0.5),
            BitEncoding::Levels { step, .. } => (0.25 * f64::from(step), 0.5 * f64::from(step)),
        };
        let combine = |f: fn(f64, f64) -> f64, factor: f64| {
            let values = alpha.iter().zip(beta);
            let values = values.map(|(&alpha, &beta)| (factor * f(alpha.into(), beta.into())) as f32);
            AlignedBuffer::new(&padded(values.collect(), 0.0))
        };
        Ok(Self {
            bits,
            filters: BitFilters::new(rows, window.taps(), channels.count),
            padding_table: PaddingTable::new(&window, channels.count, rows, bits.encoding)?,
            dot_factor: combine(|alpha, beta| alpha - beta, dot_factor),
            sum_factor: combine(|alpha, beta| alpha + beta, sum_factor),
            window,
            channels,
        })
    }

    /// Multiplies the results of each filter by its sign, and pads the thresholds to whole groups of filters.
    pub(crate) fn fold_thresholds(
        &mut self,
        sign: &[f32],
        thresholds: Vec<Vec<f32>>,
    ) -> Vec<AlignedBuffer<f32>> {
        let falling: Vec<bool> = sign.iter().map(|&sign| sign < 0.0).collect();
        self.negate(&falling);
        thresholds.into_iter().map(|row| AlignedBuffer::new(&padded(row, f32::INFINITY))).collect()
    }

    /// Output positions per tile.
    fn tile(&self) -> usize {
        let bytes = 8 * self.filters.words() + 4 * self.filters.padded();
        let tile = (TILE_BYTES / bytes).clamp(PATCHES, 64) / PATCHES * PATCHES;
        tile.min(self.window.output.positions())
    }

    /// True if windows are read in place, since they consist of whole words.
    fn reads_in_place(&self) -> bool {
        self.channels.is_all() && self.channels.count.is_multiple_of(64)
    }

    /// Units between planes of an input row.
    fn plane(&self) -> usize {
        self.window.input.width * units(self.channels.all)
    }

    /// Units between input rows.
    fn row(&self) -> usize {
        self.planes() * self.plane()
    }

    fn planes(&self) -> usize {
        self.bits.encoding.planes()
    }

    /// First unit of the part of the window at `position` that lies on the input.
    fn start(&self, position: GridPosition, case: &PaddingCase) -> usize {
        let y = self.window.row_at(position.y(), case.rows.start);
        let x = self.window.column_at(position.x(), case.columns.start);
        y * self.row() + x * units(self.channels.all)
    }

    /// Gathers the part of the window at `position` that lies on the input, in one plane, and returns its
    /// population count.
    fn gather(
        &self,
        context: OperatorContext<'_>,
        plane: usize,
        position: GridPosition,
        case: &PaddingCase,
        patch: &mut [u32],
    ) -> u32 {
        let (all, count, row) = (units(self.channels.all), units(self.channels.count), self.row());
        let first = self.start(position, case) + plane * self.plane() + units(self.channels.first);
        let source = &context.values.bits(self.bits.value)[first..];
        let patch = &mut patch[case.first..];
        let (rows, across) = (case.rows.len(), case.columns.len());
        if self.channels.is_all() {
            let runs = GatherRuns { count: rows, len: across * all, from_step: row, to_step: case.step };
            return context.kernels.gather(source, runs, patch);
        }
        let runs = GatherRuns { count: across, len: count, from_step: all, to_step: count };
        (0..rows).map(|y| context.kernels.gather(&source[y * row..], runs, &mut patch[y * case.step..])).sum()
    }

    /// Population count of the part of the window at `position` that lies on the input, with plane `j`
    /// weighted by `2ʲ`.
    fn ones(&self, context: OperatorContext<'_>, position: GridPosition, case: &PaddingCase) -> u32 {
        let y = self.window.row_at(position.y(), case.rows.start);
        let x = self.window.column_at(position.x(), case.columns.start);
        context.prepared.ones.within(y..y + case.rows.len(), x..x + case.columns.len())
    }

    /// Returns the windows at `positions`, which all have the same padding case, in place or gathered into
    /// `room` plane by plane, and the sum of the activations of each.
    fn windows<'s>(
        &self,
        context: OperatorContext<'s>,
        positions: &[GridPosition],
        case: &PaddingCase,
        room: WindowScratch<'s>,
    ) -> (PatchPlanes<'s>, &'s [f32]) {
        let WindowScratch { patches, starts, totals } = room;
        let total = |ones: u32| match self.bits.encoding {
            BitEncoding::Signs => (2 * i64::from(ones) - case.valid as i64) as f32,
            BitEncoding::Levels { .. } => ones as f32,
        };
        starts.clear();
        totals.clear();
        let planes = self.planes();
        if self.reads_in_place() {
            starts.extend(positions.iter().map(|&position| self.start(position, case) as u32));
            totals.extend(positions.iter().map(|&position| total(self.ones(context, position, case))));
            let units = context.values.bits(self.bits.value);
            let first = BitPatches { units, starts, step: self.row() };
            return (PatchPlanes { first, planes, step: self.plane() }, totals);
        }
        let words = case.part.words();
        let plane_words = positions.len() * words;
        let patches = &mut patches[..planes * plane_words];
        if !case.skips_padding {
            patches.fill(0);
        }
        for (at, &position) in positions.iter().enumerate() {
            let mut ones = 0;
            for plane in 0..planes {
                let patch = &mut patches[plane * plane_words + at * words..][..words];
                let patch = bytemuck::cast_slice_mut(patch);
                ones += self.gather(context, plane, position, case, patch) << plane;
            }
            totals.push(total(ones));
        }
        starts.extend((0..positions.len()).map(|patch| (2 * patch * words) as u32));
        let units = bytemuck::cast_slice(patches);
        let first = BitPatches { units, starts, step: 2 * case.part.run };
        (PatchPlanes { first, planes, step: 2 * plane_words }, totals)
    }

    /// Computes the results at `positions`, which all have the same padding case.
    fn run_tile(
        &self,
        context: OperatorContext<'_>,
        positions: &[GridPosition],
        case: &PaddingCase,
        workspace: &mut ThreadWorkspace,
        sink: &mut ResultSink<'_>,
    ) {
        let padded = self.filters.padded();
        let ThreadWorkspace { patches, starts, totals, counts, compared: bits, .. } = workspace;
        let (patches, totals) =
            self.windows(context, positions, case, WindowScratch { patches, starts, totals });
        let Self { filters, dot_factor, sum_factor, .. } = self;
        let (part, base) = (case.part, &case.base);
        let (counts, spare) = counts.split_at_mut(positions.len() * padded);
        if let Some(thresholds) = sink.thresholds() {
            let compared =
                PatchComparison { patches, filters, part, totals, base, dot_factor, sum_factor, thresholds };
            let each = planes_of(thresholds.len()) * units(padded);
            let bits = &mut bits[..positions.len() * each];
            context.kernels.compare_patches(&compared, counts, spare, bits);
            for (&position, bits) in positions.iter().zip(bits.chunks_exact(each)) {
                sink.bits(position, bits);
            }
            return;
        }
        context.kernels.count_plane_differences(patches, filters, part, counts, spare);
        for (&position, (counts, &total)) in positions.iter().zip(counts.chunks_exact(padded).zip(totals)) {
            sink.dot_products(position, DotProducts { counts, base, total, dot_factor, sum_factor });
        }
    }
}

/// Scratch memory for windows: their bits, their offsets, and the sums of their activations.
struct WindowScratch<'s> {
    patches: &'s mut [u64],
    starts: &'s mut Vec<u32>,
    totals: &'s mut Vec<f32>,
}

/// Pads to whole groups of filters.
fn padded(mut values: Vec<f32>, filler: f32) -> Vec<f32> {
    values.resize(values.len().next_multiple_of(LANES), filler);
    values
}

impl StepOperator for BinaryConv {
    fn input(&self) -> ValueId {
        self.bits.value
    }

    fn window(&self) -> Option<&WindowGeometry> {
        Some(&self.window)
    }

    fn record(&self) -> Option<OperatorRecord<'_>> {
        let Self { bits, window, filters, dot_factor, sum_factor, .. } = self;
        self.channels.is_all().then_some(OperatorRecord::BitConv {
            window,
            encoding: bits.encoding,
            filters,
            dot_factor,
            sum_factor,
        })
    }

    fn negate(&mut self, falling: &[bool]) -> bool {
        for factors in [&mut self.dot_factor, &mut self.sum_factor] {
            negate_columns(&mut factors[..falling.len()], falling);
        }
        true
    }

    fn prepare(&self, kernels: SimdKernels, values: ComputedValues<'_>, prepared: &mut PreparedInput) {
        if self.reads_in_place() {
            let bits = values.bits(self.bits.value);
            prepared.ones.count(kernels, bits, self.window.input, self.planes());
        }
    }

    fn workspace_size(&self) -> WorkspaceSize {
        let in_place = self.reads_in_place();
        WorkspaceSize {
            positions: self.window.output.positions(),
            corners: if in_place { PopcountIntegral::corners(self.window.input) } else { 0 },
            patches: if in_place { 0 } else { self.planes() * self.tile() * self.filters.words() },
            counts: if self.planes() > 1 { 2 } else { 1 } * self.tile() * self.filters.padded(),
            compared: BitEncoding::MAX_PLANES * self.tile() * units(self.filters.padded()),
            ..WorkspaceSize::default()
        }
    }

    fn run(&self, context: OperatorContext<'_>, workspace: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        let (tile, most) = (self.tile(), self.padding_table.most_common());
        let case_of = |position: &GridPosition| self.padding_table.case(position.y(), position.x());
        let (mut inside, mut others) = (mem::take(&mut workspace.inside), mem::take(&mut workspace.others));
        others.clear();
        inside.clear();
        for &position in context.positions {
            if case_of(&position) == most { inside.push(position) } else { others.push(position) }
        }
        for positions in inside.chunks(tile) {
            self.run_tile(context, positions, self.padding_table.get(most), workspace, sink);
        }
        others.sort_unstable_by_key(case_of);
        for alike in others.chunk_by(|a, b| case_of(a) == case_of(b)) {
            for positions in alike.chunks(tile) {
                self.run_tile(
                    context,
                    positions,
                    self.padding_table.get(case_of(&alike[0])),
                    workspace,
                    sink,
                );
            }
        }
        (workspace.inside, workspace.others) = (inside, others);
    }
}

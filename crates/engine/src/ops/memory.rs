use crate::{
    error::EngineError,
    plan::{BufferPlan, ElementKind, PlannedValue},
    simd::{AlignedBuffer, PopcountIntegral},
    sparse::{ActiveMask, GridPosition, InkBand, InkCapacity, InkList},
};

/// Upper bound of a session's memory, in bytes.
const MAX_BYTES: u64 = 2 << 30;

/// Workspace size of a step, in elements per buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WorkspaceSize {
    /// Positions to be sorted.
    pub(crate) positions: usize,
    /// Words of gathered bit windows.
    pub(crate) patches: usize,
    /// Integer results.
    pub(crate) counts: usize,
    /// Units of compared bits.
    pub(crate) compared: usize,
    /// Floats of gathered windows.
    pub(crate) columns: usize,
    /// Floats of the results of a tile.
    pub(crate) tile: usize,
    /// Channels of one position.
    pub(crate) channels: usize,
    /// Words of one row of an active mask.
    pub(crate) row: usize,
    /// Corners of a popcount integral.
    pub(crate) corners: usize,
    /// Capacity for ink.
    pub(crate) ink: InkCapacity,
}

impl WorkspaceSize {
    /// Returns the maximum of both, since steps run one after another.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            positions: self.positions.max(other.positions),
            patches: self.patches.max(other.patches),
            counts: self.counts.max(other.counts),
            compared: self.compared.max(other.compared),
            columns: self.columns.max(other.columns),
            tile: self.tile.max(other.tile),
            channels: self.channels.max(other.channels),
            row: self.row.max(other.row),
            corners: self.corners.max(other.corners),
            ink: self.ink.max(other.ink),
        }
    }

    /// Bytes of one worker's memory.
    fn worker_bytes(&self) -> u64 {
        let positions =
            ((2 * size_of::<GridPosition>() + size_of::<u32>() + size_of::<f32>()) * self.positions) as u64;
        let halves = [self.counts, self.compared, self.columns, self.tile, self.channels];
        positions
            + 8 * self.patches as u64
            + 4 * halves.iter().map(|&each| each as u64).sum::<u64>()
            + InkBand::bytes(self.ink)
    }
}

/// All memory that running a model takes.
#[derive(Debug)]
pub(crate) struct SessionMemory {
    pub(crate) floats: Vec<Vec<f32>>,
    pub(crate) bits: Vec<Vec<u32>>,
    pub(crate) prepared: PreparedInput,
    /// Active mask of each value: positions that differ from the background.
    pub(crate) active: Vec<ActiveMask>,
    /// Scratch row for combining masks.
    pub(crate) row: Vec<u64>,
    /// Positions that a step computes.
    pub(crate) positions: Vec<GridPosition>,
    /// Memory of each thread.
    pub(crate) workers: Vec<WorkerMemory>,
}

/// Input of a step, preprocessed once for all threads.
#[derive(Debug)]
pub(crate) struct PreparedInput {
    pub(crate) ink: InkList,
    pub(crate) ones: PopcountIntegral,
}

/// Memory of one thread.
#[derive(Debug)]
pub(crate) struct WorkerMemory {
    pub(crate) workspace: ThreadWorkspace,
    /// Results of one position.
    pub(crate) row: AlignedBuffer<f32>,
}

/// Scratch memory of an operator, beside its results.
#[derive(Debug)]
pub(crate) struct ThreadWorkspace {
    /// Positions whose windows lie wholly on the input.
    pub(crate) inside: Vec<GridPosition>,
    /// Positions whose windows overlap the padding.
    pub(crate) others: Vec<GridPosition>,
    pub(crate) patches: AlignedBuffer<u64>,
    /// Offset of each window.
    pub(crate) starts: Vec<u32>,
    /// Sum of the activations of each window.
    pub(crate) totals: Vec<f32>,
    pub(crate) counts: AlignedBuffer<u32>,
    pub(crate) compared: AlignedBuffer<u32>,
    pub(crate) columns: AlignedBuffer<f32>,
    pub(crate) tile: AlignedBuffer<f32>,
    pub(crate) band: InkBand,
}

impl SessionMemory {
    /// Rejects models that need more memory than [`MAX_BYTES`].
    pub(crate) fn check(
        values: &[PlannedValue],
        buffers: &BufferPlan,
        size: &WorkspaceSize,
        threads: usize,
    ) -> Result<(), EngineError> {
        let bytes = buffers
            .bytes()
            .saturating_add(values.iter().map(|value| ActiveMask::bytes(value.shape)).sum())
            .saturating_add((size_of::<GridPosition>() * most_positions(values)) as u64)
            .saturating_add(InkList::bytes(size.ink))
            .saturating_add(8 * size.corners as u64)
            .saturating_add((size_of::<u64>() as u64).saturating_mul(size.row as u64))
            .saturating_add(size.worker_bytes().saturating_mul(threads as u64));
        if bytes <= MAX_BYTES {
            return Ok(());
        }
        Err(EngineError::TooLarge { what: "the working memory of this model", bytes, limit: MAX_BYTES })
    }

    /// Allocates memory for `threads` threads.
    pub(crate) fn new(
        values: &[PlannedValue],
        buffers: &BufferPlan,
        size: &WorkspaceSize,
        threads: usize,
    ) -> Self {
        Self {
            active: values.iter().map(|value| ActiveMask::empty(value.shape)).collect(),
            row: vec![0; size.row],
            positions: Vec::with_capacity(most_positions(values)),
            floats: buffers.lengths(ElementKind::Floats).map(|len| vec![0.0; len]).collect(),
            bits: buffers.lengths(ElementKind::Bits).map(|len| vec![0; len]).collect(),
            prepared: PreparedInput {
                ink: InkList::new(size.ink),
                ones: PopcountIntegral::new(size.corners),
            },
            workers: (0..threads).map(|_| WorkerMemory::new(size)).collect(),
        }
    }
}

fn most_positions(values: &[PlannedValue]) -> usize {
    values.iter().map(|value| value.shape.positions()).max().unwrap_or(0)
}

impl WorkerMemory {
    fn new(size: &WorkspaceSize) -> Self {
        Self {
            workspace: ThreadWorkspace {
                inside: Vec::with_capacity(size.positions),
                others: Vec::with_capacity(size.positions),
                patches: AlignedBuffer::zeros(size.patches),
                starts: Vec::with_capacity(size.positions),
                totals: Vec::with_capacity(size.positions),
                counts: AlignedBuffer::zeros(size.counts),
                compared: AlignedBuffer::zeros(size.compared),
                columns: AlignedBuffer::zeros(size.columns),
                tile: AlignedBuffer::zeros(size.tile),
                band: InkBand::new(size.ink),
            },
            row: AlignedBuffer::zeros(size.channels),
        }
    }
}

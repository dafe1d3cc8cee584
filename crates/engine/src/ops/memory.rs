use crate::{
    error::EngineError,
    plan::{BufferPlan, ElementKind, PlannedValue},
    simd::{AlignedBuffer, PopcountIntegral},
    sparse::{ActiveMask, GridPosition, InkBand, InkCapacity, InkList},
};

/// The most memory that one session may take.
const MAX_BYTES: u64 = 2 << 30;

/// How many elements of each piece of workspace memory a step uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WorkspaceSize {
    /// Places that it puts in another order.
    pub(crate) positions: usize,
    /// Words of gathered windows of bits.
    pub(crate) patches: usize,
    /// Integer results.
    pub(crate) counts: usize,
    /// Units of bits that those become.
    pub(crate) compared: usize,
    /// Floats of gathered windows.
    pub(crate) columns: usize,
    /// Floats of the results of several positions.
    pub(crate) tile: usize,
    /// Channels of one position.
    pub(crate) channels: usize,
    /// Words of one row of positions.
    pub(crate) row: usize,
    /// Corners between positions of bits.
    pub(crate) corners: usize,
    /// Ink that it may find.
    pub(crate) ink: InkCapacity,
}

impl WorkspaceSize {
    /// Enough for both, since steps run one after another.
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

    /// Bytes of the workspace memory of one worker.
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

/// All the memory that running a model takes.
#[derive(Debug)]
pub(crate) struct SessionMemory {
    pub(crate) floats: Vec<Vec<f32>>,
    pub(crate) bits: Vec<Vec<u32>>,
    pub(crate) prepared: PreparedInput,
    /// By value: where it differs from what blank paper gives.
    pub(crate) active: Vec<ActiveMask>,
    /// Room for one row of such a map.
    pub(crate) row: Vec<u64>,
    /// The positions that a step has to compute.
    pub(crate) positions: Vec<GridPosition>,
    /// One a thread.
    pub(crate) workers: Vec<WorkerMemory>,
}

/// What a step finds before its positions, for all threads.
#[derive(Debug)]
pub(crate) struct PreparedInput {
    pub(crate) ink: InkList,
    pub(crate) ones: PopcountIntegral,
}

/// What one thread works in.
#[derive(Debug)]
pub(crate) struct WorkerMemory {
    pub(crate) workspace: OperatorWorkspace,
    /// The results of one position.
    pub(crate) row: AlignedBuffer<f32>,
}

/// What a source works in, beside its results.
#[derive(Debug)]
pub(crate) struct OperatorWorkspace {
    /// Places whose windows lie wholly on the input.
    pub(crate) inside: Vec<GridPosition>,
    /// Places whose windows stick out.
    pub(crate) others: Vec<GridPosition>,
    pub(crate) patches: AlignedBuffer<u64>,
    /// Where windows begin.
    pub(crate) starts: Vec<u32>,
    /// The sum of the activations of each.
    pub(crate) totals: Vec<f32>,
    pub(crate) counts: AlignedBuffer<u32>,
    pub(crate) compared: AlignedBuffer<u32>,
    pub(crate) columns: AlignedBuffer<f32>,
    pub(crate) tile: AlignedBuffer<f32>,
    pub(crate) band: InkBand,
}

impl SessionMemory {
    /// Refuses what no sketch recogniser needs.
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

    /// Memory for `threads` threads.
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
            workspace: OperatorWorkspace {
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

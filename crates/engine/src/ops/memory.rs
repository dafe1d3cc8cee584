use crate::{
    error::EngineError,
    plan::{Buffers, Contents, Value},
    simd::{Aligned, Ones},
    sparse::{Band, Ink, InkCapacity, Place, Touched},
};

/// The most memory that one session may take.
const MAX_BYTES: u64 = 2 << 30;

/// How many elements of each piece of scratch memory a step uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    /// Places that it puts in another order.
    pub(crate) places: usize,
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

impl Needs {
    /// Enough for both, since steps run one after another.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            places: self.places.max(other.places),
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

    /// Bytes of the scratch memory of one worker.
    fn worker_bytes(&self) -> u64 {
        let places = ((2 * size_of::<Place>() + size_of::<u32>() + size_of::<f32>()) * self.places) as u64;
        let halves = [self.counts, self.compared, self.columns, self.tile, self.channels];
        places
            + 8 * self.patches as u64
            + 4 * halves.iter().map(|&each| each as u64).sum::<u64>()
            + Band::bytes(self.ink)
    }
}

/// All the memory that running a model takes.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) floats: Vec<Vec<f32>>,
    pub(crate) bits: Vec<Vec<u32>>,
    pub(crate) prepared: Prepared,
    /// By value: where it differs from what blank paper gives.
    pub(crate) touched: Vec<Touched>,
    /// Room for one row of such a map.
    pub(crate) row: Vec<u64>,
    /// The places that a step has to compute.
    pub(crate) places: Vec<Place>,
    /// One a thread.
    pub(crate) workers: Vec<Worker>,
}

/// What a step finds before its positions, for all threads.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) ink: Ink,
    pub(crate) ones: Ones,
}

/// What one thread works in.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) scratch: Scratch,
    /// The results of one position.
    pub(crate) row: Aligned<f32>,
}

/// What a source works in, beside its results.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Places whose windows lie wholly on the input.
    pub(crate) inside: Vec<Place>,
    /// Places whose windows stick out.
    pub(crate) others: Vec<Place>,
    pub(crate) patches: Aligned<u64>,
    /// Where windows begin.
    pub(crate) starts: Vec<u32>,
    /// The sum of the activations of each.
    pub(crate) totals: Vec<f32>,
    pub(crate) counts: Aligned<u32>,
    pub(crate) compared: Aligned<u32>,
    pub(crate) columns: Aligned<f32>,
    pub(crate) tile: Aligned<f32>,
    pub(crate) band: Band,
}

impl Memory {
    /// Refuses what no sketch recogniser needs.
    pub(crate) fn check(
        values: &[Value],
        buffers: &Buffers,
        needs: &Needs,
        threads: usize,
    ) -> Result<(), EngineError> {
        let bytes = buffers
            .bytes()
            .saturating_add(values.iter().map(|value| Touched::bytes(value.shape)).sum())
            .saturating_add((size_of::<Place>() * most_positions(values)) as u64)
            .saturating_add(Ink::bytes(needs.ink))
            .saturating_add(8 * needs.corners as u64)
            .saturating_add((size_of::<u64>() as u64).saturating_mul(needs.row as u64))
            .saturating_add(needs.worker_bytes().saturating_mul(threads as u64));
        if bytes <= MAX_BYTES {
            return Ok(());
        }
        Err(EngineError::TooLarge { what: "the working memory of this model", bytes, limit: MAX_BYTES })
    }

    /// Memory for `threads` threads.
    pub(crate) fn new(values: &[Value], buffers: &Buffers, needs: &Needs, threads: usize) -> Self {
        Self {
            touched: values.iter().map(|value| Touched::none(value.shape)).collect(),
            row: vec![0; needs.row],
            places: Vec::with_capacity(most_positions(values)),
            floats: buffers.lengths(Contents::Floats).map(|len| vec![0.0; len]).collect(),
            bits: buffers.lengths(Contents::Bits).map(|len| vec![0; len]).collect(),
            prepared: Prepared { ink: Ink::new(needs.ink), ones: Ones::new(needs.corners) },
            workers: (0..threads).map(|_| Worker::new(needs)).collect(),
        }
    }
}

fn most_positions(values: &[Value]) -> usize {
    values.iter().map(|value| value.shape.positions()).max().unwrap_or(0)
}

impl Worker {
    fn new(needs: &Needs) -> Self {
        Self {
            scratch: Scratch {
                inside: Vec::with_capacity(needs.places),
                others: Vec::with_capacity(needs.places),
                patches: Aligned::zeros(needs.patches),
                starts: Vec::with_capacity(needs.places),
                totals: Vec::with_capacity(needs.places),
                counts: Aligned::zeros(needs.counts),
                compared: Aligned::zeros(needs.compared),
                columns: Aligned::zeros(needs.columns),
                tile: Aligned::zeros(needs.tile),
                band: Band::new(needs.ink),
            },
            row: Aligned::zeros(needs.channels),
        }
    }
}

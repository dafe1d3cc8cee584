use std::{collections::HashMap, ops::Range};

use dabnet_graph::Shape;

use super::{Sink, Step};
use crate::{
    bits::units,
    memory::Memory,
    plan::{Bits, Buffers},
    touched::Place,
};

/// What a step gives for blank paper.
#[derive(Debug)]
pub(crate) struct Blank {
    floats: BlankRows,
    /// One an output of bits.
    bits: Vec<Vec<u32>>,
}

impl Blank {
    /// What `step` has just left in `memory`.
    pub(crate) fn of(step: &Step, buffers: &Buffers, memory: &Memory) -> Self {
        let Shape { channels, .. } = step.shape;
        let positions = step.shape.positions();
        let floats = step.epilogue.floats().map(|store| {
            let values = &memory.floats[buffers.place(store.value)][..positions * store.stride];
            let positions = values.chunks_exact(store.stride);
            BlankRows::new(channels, positions.map(|position| &position[store.first..][..channels]))
        });
        let bits = step.epilogue.bits().map(|Bits { value, encoding }| {
            memory.bits[buffers.place(value)][..encoding.planes() * positions * units(channels)].to_vec()
        });
        Self { floats: floats.unwrap_or_default(), bits: bits.collect() }
    }

    /// The most bytes that this takes for a step.
    pub(crate) fn bytes(step: &Step) -> u64 {
        let Shape { channels, .. } = step.shape;
        // As much again as a key, the index, and an entry of the map, while equal rows are found.
        let floats = if step.epilogue.floats().is_some() { 2 * channels as u64 + 32 } else { 0 };
        let planes: usize = step.epilogue.bits().map(|bits| bits.encoding.planes()).sum();
        let bits = (planes * units(channels)) as u64;
        4 * step.shape.positions() as u64 * (floats + bits)
    }

    pub(crate) fn floats(&self) -> &BlankRows {
        &self.floats
    }

    /// Gives `sink` what lies between `places` in a range of positions, `floats` too if asked for.
    pub(super) fn fill(&self, places: &[Place], positions: Range<usize>, floats: bool, sink: &mut Sink<'_>) {
        let ends = places.iter().map(|place| place.position()).chain([positions.end]);
        let mut next = positions.start;
        for end in ends {
            if next < end {
                sink.finished(next..end, floats.then_some(&self.floats), &self.bits);
            }
            next = end + 1;
        }
    }
}

/// The floats of every position, each different row once: most positions see nothing of the border.
#[derive(Debug, Default)]
pub(crate) struct BlankRows {
    channels: usize,
    /// By position.
    rows: Vec<u32>,
    values: Vec<f32>,
}

impl BlankRows {
    fn new<'a>(channels: usize, positions: impl Iterator<Item = &'a [f32]>) -> Self {
        let mut known = HashMap::new();
        let mut values = Vec::new();
        let row_of = |position: &'a [f32]| {
            // Numbers that are equal need not be the same: there are two zeros.
            let bits: Vec<u32> = position.iter().map(|value| value.to_bits()).collect();
            let next = known.len() as u32;
            *known.entry(bits).or_insert_with(|| {
                values.extend_from_slice(position);
                next
            })
        };
        let rows = positions.map(row_of).collect();
        Self { channels, rows, values }
    }

    pub(crate) fn get(&self, position: usize) -> &[f32] {
        &self.values[self.rows[position] as usize * self.channels..][..self.channels]
    }
}

/// What all steps give for blank paper, as far as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blanks<'a> {
    all: &'a [Option<Blank>],
    /// The step that runs.
    step: usize,
}

impl<'a> Blanks<'a> {
    pub(crate) fn new(all: &'a [Option<Blank>], step: usize) -> Self {
        Self { all, step }
    }

    pub(super) fn all(self) -> &'a [Option<Blank>] {
        self.all
    }

    pub(super) fn of_this(self) -> Option<&'a Blank> {
        self.all[self.step].as_ref()
    }
}

use std::ops::Range;

use dabnet_graph::Shape;

use super::{Sink, Step};
use crate::{bits::units, memory::Memory, plan::Buffers, touched::Place};

/// What a step gives for blank paper.
#[derive(Debug)]
pub(crate) struct Blank {
    floats: Vec<f32>,
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
            let stored = |position: &[f32]| position[store.first..store.first + channels].to_vec();
            values.chunks_exact(store.stride).flat_map(stored).collect()
        });
        let bits = step
            .epilogue
            .bits()
            .map(|value| memory.bits[buffers.place(value)][..positions * units(channels)].to_vec());
        Self { floats: floats.unwrap_or_default(), bits: bits.collect() }
    }

    /// Bytes that this takes for a step.
    pub(crate) fn bytes(step: &Step) -> u64 {
        let Shape { channels, .. } = step.shape;
        let floats = if step.epilogue.floats().is_some() { channels } else { 0 };
        4 * (step.shape.positions() * (floats + step.epilogue.bits().count() * units(channels))) as u64
    }

    pub(crate) fn floats(&self) -> &[f32] {
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

/// What all steps give for blank paper, as far as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blanks<'a> {
    pub(crate) all: &'a [Option<Blank>],
    /// The step that runs.
    pub(crate) step: usize,
}

impl<'a> Blanks<'a> {
    pub(super) fn of_this(self) -> Option<&'a Blank> {
        self.all[self.step].as_ref()
    }
}

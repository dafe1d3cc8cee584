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

    /// Gives `sink` what lies between `places` in a range of positions.
    pub(super) fn fill(&self, places: &[Place], positions: Range<usize>, sink: &mut Sink<'_>) {
        let mut next = positions.start;
        for place in places {
            self.give(next..place.position(), sink);
            next = place.position() + 1;
        }
        self.give(next..positions.end, sink);
    }

    fn give(&self, positions: Range<usize>, sink: &mut Sink<'_>) {
        if !positions.is_empty() {
            sink.finished(positions, &self.floats, &self.bits);
        }
    }
}

use super::{Context, Sink, Source};
use crate::{
    bits::{UNIT, units},
    memory::Scratch,
    plan::ValueId,
    touched::Place,
    window::Window,
};

/// The maximum of bits over windows.
#[derive(Debug)]
pub(crate) struct BitPool {
    value: ValueId,
    window: Window,
    /// The channels whose bits come inverted, because what follows the pooling decreases: there
    /// the maximum of the values is the AND of the bits, which is the OR of their inverses.
    inverted: Vec<u32>,
}

impl BitPool {
    /// Over `value`, in which the channels that `inverted` names come inverted.
    pub(crate) fn new(value: ValueId, window: Window, inverted: &[bool]) -> Self {
        let mut channels = vec![0; units(window.input.channels)];
        for (channel, _) in inverted.iter().enumerate().filter(|(_, inverts)| **inverts) {
            channels[channel / UNIT] |= 1 << (channel % UNIT);
        }
        Self { value, window, inverted: channels }
    }

    fn pool(&self, bits: &[u32], y: usize, x: usize, pooled: &mut [u32]) {
        let (units, width) = (pooled.len(), self.window.input.width);
        let across = self.window.columns(x);
        let from = self.window.column_at(x, across.start);
        pooled.fill(0);
        for row in self.window.rows(y) {
            let first = (self.window.row_at(y, row) * width + from) * units;
            for bits in bits[first..first + across.len() * units].chunks_exact(units) {
                pooled.iter_mut().zip(bits).for_each(|(pooled, bits)| *pooled |= bits);
            }
        }
        pooled.iter_mut().zip(&self.inverted).for_each(|(pooled, inverted)| *pooled ^= inverted);
    }
}

impl Source for BitPool {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&Window> {
        Some(&self.window)
    }

    fn run(&self, context: Context<'_>, places: &[Place], _: &mut Scratch, sink: &mut Sink<'_>) {
        let bits = context.values.bits(self.value);
        for place in places {
            sink.bits(*place, |pooled| self.pool(bits, place.y(), place.x(), pooled));
        }
    }
}

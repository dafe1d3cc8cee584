use std::ops::Range;

use dabnet_graph::Shape;

use super::{Context, Sink, Source};
use crate::{
    bits::{UNIT, units},
    memory::Scratch,
    plan::ValueId,
};

/// Bits to floats: 1 to +1, 0 to −1.
#[derive(Debug)]
pub(crate) struct Unpack {
    pub(crate) value: ValueId,
    pub(crate) shape: Shape,
}

impl Source for Unpack {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn run(&self, context: Context<'_>, rows: Range<usize>, _: &mut Scratch, sink: &mut Sink<'_>) {
        let (bits, units) = (context.values.bits(self.value), units(self.shape.channels));
        for position in rows.start * self.shape.width..rows.end * self.shape.width {
            let bits = &bits[position * units..][..units];
            sink.floats(position, |row| {
                for (floats, unit) in row.chunks_mut(UNIT).zip(bits) {
                    for (bit, float) in floats.iter_mut().enumerate() {
                        *float = if unit >> bit & 1 == 1 { 1.0 } else { -1.0 };
                    }
                }
            });
        }
    }
}

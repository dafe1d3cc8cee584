use super::{Context, Sink, Source};
use crate::{
    bits::{UNIT, units},
    memory::Scratch,
    plan::ValueId,
    touched::Place,
};

/// Bits to floats: 1 to +1, 0 to −1.
#[derive(Debug)]
pub(crate) struct Unpack {
    pub(crate) value: ValueId,
    pub(crate) channels: usize,
}

impl Source for Unpack {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn run(&self, context: Context<'_>, places: &[Place], _: &mut Scratch, sink: &mut Sink<'_>) {
        let (bits, units) = (context.values.bits(self.value), units(self.channels));
        for place in places {
            let bits = &bits[place.position() * units..][..units];
            sink.floats(*place, |row| {
                for (floats, unit) in row.chunks_mut(UNIT).zip(bits) {
                    for (bit, float) in floats.iter_mut().enumerate() {
                        *float = if unit >> bit & 1 == 1 { 1.0 } else { -1.0 };
                    }
                }
            });
        }
    }
}

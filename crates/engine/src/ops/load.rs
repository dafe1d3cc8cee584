use super::{memory::Scratch, operator::Source, sink::Sink, values::Context};
use crate::{
    plan::{Bits, ValueId},
    simd::{UNIT, units},
    sparse::Place,
};

/// Floats as they are.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) value: ValueId,
    pub(crate) channels: usize,
}

impl Source for Copy {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn reads_rows(&self) -> bool {
        true
    }

    fn run(&self, context: Context<'_>, places: &[Place], _: &mut Scratch, sink: &mut Sink<'_>) {
        let values = context.values.rows(self.value, self.channels);
        for &place in places {
            sink.row(place, values.get(place));
        }
    }
}

/// Bits to the floats that they stand for.
#[derive(Debug)]
pub(crate) struct Unpack {
    pub(crate) bits: Bits,
    pub(crate) channels: usize,
    /// Positions in a row.
    pub(crate) width: usize,
}

impl Source for Unpack {
    fn reads(&self) -> ValueId {
        self.bits.value
    }

    fn run(&self, context: Context<'_>, places: &[Place], _: &mut Scratch, sink: &mut Sink<'_>) {
        let Bits { value, encoding } = self.bits;
        let (bits, units, planes) = (context.values.bits(value), units(self.channels), encoding.planes());
        for place in places {
            let unit = |plane: usize| ((place.y() * planes + plane) * self.width + place.x()) * units;
            sink.floats(*place, |row| {
                for (at, float) in row.iter_mut().enumerate() {
                    let bit = |plane: usize| bits[unit(plane) + at / UNIT] >> (at % UNIT) & 1;
                    let level = (0..planes).fold(0, |level, plane| level | bit(plane) << plane);
                    *float = encoding.decode(level);
                }
            });
        }
    }
}

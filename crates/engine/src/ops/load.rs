use super::{
    memory::ThreadWorkspace, operator::StepOperator, record::OperatorRecord, sink::ResultSink,
    values::OperatorContext,
};
use crate::{
    plan::{BitValue, ValueId},
    simd::{UNIT, units},
};

/// Loads floats from memory unchanged.
#[derive(Debug)]
pub(crate) struct FloatLoad {
    pub(crate) value: ValueId,
    pub(crate) channels: usize,
}

impl StepOperator for FloatLoad {
    fn input(&self) -> ValueId {
        self.value
    }

    fn record(&self) -> Option<OperatorRecord<'_>> {
        Some(OperatorRecord::Load)
    }

    fn reads_single_positions(&self) -> bool {
        true
    }

    fn run(&self, context: OperatorContext<'_>, _: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        let values = context.values.rows(self.value, self.channels);
        for &position in context.positions {
            sink.row(position, values.get(position));
        }
    }
}

/// Decodes bits to floats.
#[derive(Debug)]
pub(crate) struct BitDecode {
    pub(crate) bits: BitValue,
    pub(crate) channels: usize,
    /// Positions per row.
    pub(crate) width: usize,
}

impl StepOperator for BitDecode {
    fn input(&self) -> ValueId {
        self.bits.value
    }

    fn record(&self) -> Option<OperatorRecord<'_>> {
        Some(OperatorRecord::Decode { encoding: self.bits.encoding })
    }

    fn run(&self, context: OperatorContext<'_>, _: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        let BitValue { value, encoding } = self.bits;
        let (bits, units, planes) = (context.values.bits(value), units(self.channels), encoding.planes());
        for position in context.positions {
            let unit = |plane: usize| ((position.y() * planes + plane) * self.width + position.x()) * units;
            sink.floats(*position, |row| {
                for (at, float) in row.iter_mut().enumerate() {
                    let bit = |plane: usize| bits[unit(plane) + at / UNIT] >> (at % UNIT) & 1;
                    let level = (0..planes).fold(0, |level, plane| level | bit(plane) << plane);
                    *float = encoding.decode(level);
                }
            });
        }
    }
}

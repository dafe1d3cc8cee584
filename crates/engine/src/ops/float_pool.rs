use super::{
    memory::ThreadWorkspace, operator::StepOperator, record::OperatorRecord, sink::ResultSink,
    values::OperatorContext,
};
use crate::plan::{ValueId, WindowGeometry};

/// Window positions per kernel call: all of the usual 2 × 2 and 3 × 3.
const ROWS: usize = 9;

/// Max pooling of floats.
#[derive(Debug)]
pub(crate) struct MaxPool {
    pub(crate) value: ValueId,
    pub(crate) window: WindowGeometry,
}

impl StepOperator for MaxPool {
    fn input(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&WindowGeometry> {
        Some(&self.window)
    }

    fn record(&self) -> Option<OperatorRecord<'_>> {
        Some(OperatorRecord::MaxPool)
    }

    fn reads_single_positions(&self) -> bool {
        true
    }

    fn run(&self, context: OperatorContext<'_>, _: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        let values = context.values.rows(self.value, self.window.input.channels);
        for &position in context.positions {
            sink.floats(position, |most| {
                most.fill(f32::NEG_INFINITY);
                let (mut rows, mut count) = ([&[][..]; ROWS], 0);
                values.each(&self.window, position, |row| {
                    rows[count] = row;
                    count += 1;
                    if count == ROWS {
                        context.kernels.max_rows(&rows, most);
                        count = 0;
                    }
                });
                context.kernels.max_rows(&rows[..count], most);
            });
        }
    }
}

/// Average pooling of floats, over the part of each window that lies on the input.
#[derive(Debug)]
pub(crate) struct AvgPool {
    pub(crate) value: ValueId,
    pub(crate) window: WindowGeometry,
}

impl StepOperator for AvgPool {
    fn input(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&WindowGeometry> {
        Some(&self.window)
    }

    fn record(&self) -> Option<OperatorRecord<'_>> {
        Some(OperatorRecord::AveragePool)
    }

    fn reads_single_positions(&self) -> bool {
        true
    }

    fn run(&self, context: OperatorContext<'_>, _: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        let values = context.values.rows(self.value, self.window.input.channels);
        for &position in context.positions {
            let (height, width) =
                (self.window.rows(position.y()).len(), self.window.columns(position.x()).len());
            let scale = 1.0 / (height * width) as f32;
            sink.floats(position, |row| {
                row.fill(0.0);
                values.each(&self.window, position, |values| {
                    row.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                });
                row.iter_mut().for_each(|sum| *sum *= scale);
            });
        }
    }
}

use super::{memory::Scratch, operator::Source, sink::Sink, values::Context};
use crate::{
    plan::{ValueId, Window},
    sparse::Place,
};

/// Positions of a window that are compared at a time: all of the usual 2 × 2 and 3 × 3.
const ROWS: usize = 9;

/// The maximum of floats over windows.
#[derive(Debug)]
pub(crate) struct MaxPool {
    pub(crate) value: ValueId,
    pub(crate) window: Window,
}

impl Source for MaxPool {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&Window> {
        Some(&self.window)
    }

    fn reads_rows(&self) -> bool {
        true
    }

    fn run(&self, context: Context<'_>, places: &[Place], _: &mut Scratch, sink: &mut Sink<'_>) {
        let values = context.values.rows(self.value, self.window.input.channels);
        for &place in places {
            sink.floats(place, |most| {
                most.fill(f32::NEG_INFINITY);
                let (mut rows, mut count) = ([&[][..]; ROWS], 0);
                values.each(&self.window, place, |row| {
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

/// The mean of floats over what of windows lies on the input.
#[derive(Debug)]
pub(crate) struct AvgPool {
    pub(crate) value: ValueId,
    pub(crate) window: Window,
}

impl Source for AvgPool {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn window(&self) -> Option<&Window> {
        Some(&self.window)
    }

    fn reads_rows(&self) -> bool {
        true
    }

    fn run(&self, context: Context<'_>, places: &[Place], _: &mut Scratch, sink: &mut Sink<'_>) {
        let values = context.values.rows(self.value, self.window.input.channels);
        for &place in places {
            let (height, width) = (self.window.rows(place.y()).len(), self.window.columns(place.x()).len());
            let scale = 1.0 / (height * width) as f32;
            sink.floats(place, |row| {
                row.fill(0.0);
                values.each(&self.window, place, |values| {
                    row.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                });
                row.iter_mut().for_each(|sum| *sum *= scale);
            });
        }
    }
}

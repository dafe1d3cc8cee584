use std::ops::Range;

use super::{Context, Sink, Source};
use crate::{memory::Scratch, plan::ValueId, window::Window};

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

    fn run(&self, context: Context<'_>, rows: Range<usize>, _: &mut Scratch, sink: &mut Sink<'_>) {
        let values = context.values.floats(self.value);
        for (position, y, x) in self.window.positions(rows) {
            sink.floats(position, |row| {
                row.fill(f32::NEG_INFINITY);
                self.window.each(values, y, x, |values| {
                    row.iter_mut().zip(values).for_each(|(max, &value)| *max = max.max(value));
                });
            });
        }
    }
}

use super::{Context, Sink, Source};
use crate::{memory::Scratch, plan::ValueId, touched::Place, window::Window};

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
            sink.floats(place, |row| {
                row.fill(f32::NEG_INFINITY);
                values.each(&self.window, place, |values| {
                    row.iter_mut().zip(values).for_each(|(max, &value)| *max = max.max(value));
                });
            });
        }
    }
}

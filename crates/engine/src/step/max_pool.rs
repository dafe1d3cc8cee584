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

    fn run(&self, context: Context<'_>, places: &[Place], _: &mut Scratch, sink: &mut Sink<'_>) {
        let values = context.values.floats(self.value);
        for place in places {
            let (position, y, x) = (place.position(), place.y(), place.x());
            sink.floats(position, |row| {
                row.fill(f32::NEG_INFINITY);
                self.window.each(values, y, x, |values| {
                    row.iter_mut().zip(values).for_each(|(max, &value)| *max = max.max(value));
                });
            });
        }
    }
}

use super::{Context, Sink, Source};
use crate::{memory::Scratch, plan::ValueId, touched::Place, window::Window};

/// The mean of floats over windows, which lie wholly inside the input.
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

    fn run(&self, context: Context<'_>, places: &[Place], _: &mut Scratch, sink: &mut Sink<'_>) {
        let values = context.values.floats(self.value);
        let [height, width] = self.window.kernel;
        let scale = 1.0 / (height * width) as f32;
        for place in places {
            let (position, y, x) = (place.position(), place.y(), place.x());
            sink.floats(position, |row| {
                row.fill(0.0);
                self.window.each(values, y, x, |values| {
                    row.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                });
                row.iter_mut().for_each(|sum| *sum *= scale);
            });
        }
    }
}

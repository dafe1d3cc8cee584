use super::{Context, Sink, Source};
use crate::{memory::Scratch, plan::ValueId, touched::Place, window::Window};

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

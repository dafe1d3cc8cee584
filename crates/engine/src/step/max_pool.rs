use super::{Context, Sink, Source};
use crate::{memory::Scratch, plan::ValueId, touched::Place, window::Window};

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

use super::{Context, Sink, Source};
use crate::{memory::Scratch, plan::ValueId, touched::Place};

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

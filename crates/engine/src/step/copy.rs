use std::ops::Range;

use super::{Context, Sink, Source};
use crate::{memory::Scratch, plan::ValueId};
use dabnet_graph::Shape;

/// Floats as they are.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) value: ValueId,
    pub(crate) shape: Shape,
}

impl Source for Copy {
    fn reads(&self) -> ValueId {
        self.value
    }

    fn run(&self, context: Context<'_>, rows: Range<usize>, _: &mut Scratch, sink: &mut Sink<'_>) {
        let Shape { channels, width, .. } = self.shape;
        let first = rows.start * width;
        let values = &context.values.floats(self.value)[first * channels..rows.end * width * channels];
        for (offset, values) in values.chunks_exact(channels).enumerate() {
            sink.floats(first + offset, |row| row.copy_from_slice(values));
        }
    }
}

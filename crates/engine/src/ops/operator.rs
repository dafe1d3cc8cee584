use std::fmt::Debug;

use super::{
    memory::{Needs, Prepared, Scratch},
    sink::Sink,
    values::{Context, Values},
};
use crate::{
    plan::{ValueId, Window},
    simd::Kernels,
    sparse::Place,
};

/// Where the results of a step come from.
pub(crate) trait Source: Debug + Send + Sync {
    /// What it reads.
    fn reads(&self) -> ValueId;

    /// The windows of what it reads that its results come from; `None` where each comes from what is
    /// at its own position.
    fn window(&self) -> Option<&Window> {
        None
    }

    /// Makes the results of those channels for which `falling` says so the negatives of what they are, if it
    /// can.
    fn negate(&mut self, _falling: &[bool]) -> bool {
        false
    }

    /// Whether it reads no more than [positions](ValueRows) of floats.
    fn reads_rows(&self) -> bool {
        false
    }

    /// The scratch memory it uses.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What has to be done once, before the positions.
    fn prepare(&self, _kernels: Kernels, _values: Values<'_>, _prepared: &mut Prepared) {}

    /// Gives `sink` the result of every one of `places`, which come row by row.
    fn run(&self, context: Context<'_>, places: &[Place], scratch: &mut Scratch, sink: &mut Sink<'_>);
}

use std::fmt::Debug;

use super::{
    memory::{OperatorWorkspace, PreparedInput, WorkspaceSize},
    sink::ResultSink,
    values::{ComputedValues, OperatorContext},
};
use crate::{
    plan::{ValueId, WindowGeometry},
    simd::SimdKernels,
    sparse::GridPosition,
};

/// Where the results of a step come from.
pub(crate) trait StepOperator: Debug + Send + Sync {
    /// What it reads.
    fn input(&self) -> ValueId;

    /// The windows of what it reads that its results come from; `None` where each comes from what is
    /// at its own position.
    fn window(&self) -> Option<&WindowGeometry> {
        None
    }

    /// Makes the results of those channels for which `falling` says so the negatives of what they are, if it
    /// can.
    fn negate(&mut self, _falling: &[bool]) -> bool {
        false
    }

    /// Whether it reads no more than [positions](ValueRows) of floats.
    fn reads_single_positions(&self) -> bool {
        false
    }

    /// The workspace memory it uses.
    fn workspace_size(&self) -> WorkspaceSize {
        WorkspaceSize::default()
    }

    /// What has to be done once, before the positions.
    fn prepare(&self, _kernels: SimdKernels, _values: ComputedValues<'_>, _prepared: &mut PreparedInput) {}

    /// Gives `sink` the result of every one of `positions`, which come row by row.
    fn run(
        &self,
        context: OperatorContext<'_>,
        positions: &[GridPosition],
        workspace: &mut OperatorWorkspace,
        sink: &mut ResultSink<'_>,
    );
}

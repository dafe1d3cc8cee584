use std::fmt::Debug;

use super::{
    memory::{PreparedInput, ThreadWorkspace, WorkspaceSize},
    record::OperatorRecord,
    sink::ResultSink,
    values::{ComputedValues, OperatorContext},
};
use crate::{
    plan::{ValueId, WindowGeometry},
    simd::SimdKernels,
};

/// Operator of a step: computes the results that the epilogue processes.
pub(crate) trait StepOperator: Debug + Send + Sync {
    /// Value that it reads.
    fn input(&self) -> ValueId;

    /// Windows of the input that results are computed from; `None` if each result depends on its own position
    /// only.
    fn window(&self) -> Option<&WindowGeometry> {
        None
    }

    /// Negates the results of the channels in which `falling` is true, if supported; returns true if so.
    fn negate(&mut self, _falling: &[bool]) -> bool {
        false
    }

    /// True if it reads the input only through [`ValueRows`](super::values::ValueRows).
    fn reads_single_positions(&self) -> bool {
        false
    }

    /// Description for compilers to other machines; none for operators that those do not know.
    fn record(&self) -> Option<OperatorRecord<'_>> {
        None
    }

    /// Workspace size.
    fn workspace_size(&self) -> WorkspaceSize {
        WorkspaceSize::default()
    }

    /// Preprocesses the input once, before any positions.
    fn prepare(&self, _kernels: SimdKernels, _values: ComputedValues<'_>, _prepared: &mut PreparedInput) {}

    /// Computes the result of each of the context's positions, which are in row-major order, and passes it to `sink`.
    fn run(&self, context: OperatorContext<'_>, workspace: &mut ThreadWorkspace, sink: &mut ResultSink<'_>);
}

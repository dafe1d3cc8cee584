//! Values, and the buffers that hold them.

mod buffers;
mod values;
mod window;

pub(crate) use buffers::{BufferPlan, StepAccess};
pub(crate) use values::{BitValue, ElementKind, PlannedValue, ValueId};
pub(crate) use window::WindowGeometry;

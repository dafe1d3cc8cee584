//! Memory planning: values, their lifetimes, and the buffers that they share.

mod buffers;
mod values;
mod window;

pub(crate) use buffers::{BufferPlan, StepAccess};
pub(crate) use values::{BitValue, ElementKind, PlannedValue, ValueId};
pub(crate) use window::WindowGeometry;

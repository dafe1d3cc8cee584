//! Values, and the buffers that hold them.

mod buffers;
mod values;
mod window;

pub(crate) use buffers::{Buffers, StepAccess};
pub(crate) use values::{Bits, Contents, Value, ValueId};
pub(crate) use window::Window;

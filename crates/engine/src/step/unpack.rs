use dabnet_graph::Shape;

use super::Step;
use crate::{
    bits,
    kernels::Kernels,
    workspace::{Needs, Workspace},
};

/// Bits to floats: 1 to +1, 0 to −1.
#[derive(Debug)]
pub(crate) struct Unpack {
    pub(crate) shape: Shape,
}

impl Step for Unpack {
    fn needs(&self) -> Needs {
        let elements = self.shape.elements();
        Needs { floats: elements, bits: bits::words_with_spare(elements), ..Needs::default() }
    }

    fn run(&self, _kernels: Kernels, workspace: &mut Workspace) {
        let bits = &workspace.bits.front;
        let floats = &mut workspace.floats.front[..self.shape.elements()];
        for (floats, word) in floats.chunks_mut(64).zip(bits) {
            for (bit, float) in floats.iter_mut().enumerate() {
                *float = if word >> bit & 1 == 1 { 1.0 } else { -1.0 };
            }
        }
    }
}

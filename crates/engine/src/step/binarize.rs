use dabnet_graph::Shape;

use super::{BitSink, Step};
use crate::{
    kernels::Kernels,
    workspace::{Needs, Workspace},
};

/// Floats to bits: one comparison a channel, and a pooling of the bits.
#[derive(Debug)]
pub(crate) struct Binarize {
    pub(crate) shape: Shape,
    /// +1 or −1 a channel: what its values are multiplied by before they are compared.
    pub(crate) sign: Vec<f32>,
    /// The least product that gives a 1.
    pub(crate) at: Vec<f32>,
    pub(crate) sink: BitSink,
}

impl Step for Binarize {
    fn needs(&self) -> Needs {
        Needs { floats: self.shape.elements(), ..self.sink.needs() }
    }

    fn run(&self, kernels: Kernels, workspace: &mut Workspace) {
        let values = workspace.floats.front[..self.shape.elements()].chunks_exact(self.shape.channels);
        let loose = workspace.loose[..self.sink.loose_len()].chunks_exact_mut(self.sink.stride());
        for (values, bits) in values.zip(loose) {
            kernels.compare_values(values, &self.sign, &self.at, bits);
        }
        self.sink.pack(&mut workspace.loose, &mut workspace.bits.front);
    }
}

//! Magnitude sums of convolution inputs, from which the error of binarizing them follows.

use dabnet_graph::{NodeId, OpKind};

use super::{
    ForwardPass, NetworkRef,
    norm::{self, NormStatistics},
    tensor::Tensor,
};

/// Epsilon of the normalization where the network has none.
const EPSILON: f32 = 1e-5;

/// Sums over some numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct MagnitudeSums {
    count: f64,
    absolute: f64,
    squares: f64,
}

impl MagnitudeSums {
    fn of(tensor: &Tensor) -> Self {
        let [absolute, squares] = tensor.sums(tensor, |_, value, _| [value.abs(), value * value]);
        let [absolute, squares] = [absolute, squares].map(|sums| sums.iter().sum());
        Self { count: tensor.values.len() as f64, absolute, squares }
    }

    /// Sums over both.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            absolute: self.absolute + other.absolute,
            squares: self.squares + other.squares,
        }
    }

    /// `‖I − m·sign(I)‖² / ‖I‖²` with `m = mean|I|`, which is `1 − (Σ|I|)² / (n ΣI²)`; 0 where all are 0.
    pub(crate) fn sign_error(&self) -> f64 {
        let Self { count, absolute, squares } = self;
        if *squares > 0.0 { (1.0 - absolute * absolute / (count * squares)).max(0.0) } else { 0.0 }
    }
}

/// For every convolution, in order, the sums over the values that a sign before it reads or would read.
pub(crate) fn input_magnitudes(network: NetworkRef<'_>, canvases: &[f32]) -> Vec<MagnitudeSums> {
    let graph = network.graph;
    let sources: Vec<(NodeId, bool)> = graph
        .convolutions()
        .map(|(_, node, _)| {
            let input = &graph.nodes()[node.inputs[0]];
            match input.op.kind() {
                OpKind::Sign | OpKind::Quantize { .. } => (input.inputs[0], true),
                _ => (node.inputs[0], false),
            }
        })
        .collect();
    let mut found = vec![MagnitudeSums::default(); sources.len()];
    ForwardPass::new(network, None).run_with(canvases, |id, tensor| {
        for ((source, normalized), found) in sources.iter().zip(&mut found) {
            if *source == id {
                *found = if *normalized {
                    MagnitudeSums::of(tensor)
                } else {
                    MagnitudeSums::of(&standardized(tensor))
                };
            }
        }
    });
    found
}

/// With mean 0 and variance 1 in every channel.
fn standardized(tensor: &Tensor) -> Tensor {
    let [ones, zeros] = [1.0, 0.0].map(|value| vec![value; tensor.shape.channels]);
    norm::forward(tensor.clone(), [&ones, &zeros], EPSILON, &NormStatistics::of(tensor))
}

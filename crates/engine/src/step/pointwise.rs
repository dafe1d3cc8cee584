use dabnet_graph::Shape;

use super::Step;
use crate::{
    kernels::Kernels,
    workspace::{Needs, Workspace},
};

/// A function of single values that is monotone in each channel.
#[derive(Clone, Debug)]
pub(crate) enum Pointwise {
    /// `scale · x + shift`, both one a channel.
    Affine { scale: Vec<f32>, shift: Vec<f32> },
    /// `max(x, 0)`.
    Relu,
}

impl Pointwise {
    /// The function's value at `x` in `channel`, for an `x` that may be infinite too.
    pub(crate) fn at(&self, channel: usize, x: f32) -> f32 {
        match self {
            // A constant, where zero times infinity would not be one.
            Self::Affine { scale, shift } if scale[channel] == 0.0 => shift[channel],
            Self::Affine { scale, shift } => scale[channel] * x + shift[channel],
            Self::Relu => x.max(0.0),
        }
    }

    /// Whether a larger argument gives a smaller value in `channel`.
    pub(crate) fn decreases(&self, channel: usize) -> bool {
        matches!(self, Self::Affine { scale, .. } if scale[channel] < 0.0)
    }

    /// Applies it to positions of `channels` values each.
    fn apply(&self, values: &mut [f32], channels: usize) {
        match self {
            Self::Affine { scale, shift } => {
                for values in values.chunks_exact_mut(channels) {
                    for (x, (scale, shift)) in values.iter_mut().zip(scale.iter().zip(shift)) {
                        *x = scale * *x + shift;
                    }
                }
            }
            Self::Relu => values.iter_mut().for_each(|x| *x = x.max(0.0)),
        }
    }
}

/// Applies a [`Pointwise`] to floats, in place.
#[derive(Debug)]
pub(crate) struct PointwiseStep {
    pub(crate) function: Pointwise,
    pub(crate) shape: Shape,
}

impl Step for PointwiseStep {
    fn needs(&self) -> Needs {
        Needs { floats: self.shape.elements(), ..Needs::default() }
    }

    fn run(&self, _kernels: Kernels, workspace: &mut Workspace) {
        let values = &mut workspace.floats.front[..self.shape.elements()];
        self.function.apply(values, self.shape.channels);
    }
}

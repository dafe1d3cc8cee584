//! Pointwise ops on tensor libraries, which derive the gradients.

use dabnet_graph::PointwiseOp;

use super::TensorBackend;
use crate::TrainError;

/// Pointwise functions of a library's tensor.
pub(crate) trait PointwiseFunctions: Sized {
    fn relu(self) -> Result<Self, TrainError>;
    fn tanh(self) -> Result<Self, TrainError>;
    fn sigmoid(self) -> Result<Self, TrainError>;
    fn clip(self, low: f32, high: f32) -> Result<Self, TrainError>;
}

/// The op's output; `parameter` gives one of its parameters by name, as `[1, channels, 1, 1]`.
pub(super) fn forward<L: TensorBackend>(
    library: &L,
    op: PointwiseOp,
    input: L::Tensor,
    mut parameter: impl FnMut(&'static str) -> Result<L::Tensor, TrainError>,
) -> Result<L::Tensor, TrainError> {
    match op {
        PointwiseOp::Relu => PointwiseFunctions::relu(input),
        PointwiseOp::RPReLU => {
            let distance = library.sub(input, parameter("threshold")?)?;
            let above = PointwiseFunctions::relu(L::shallow_clone(&distance))?;
            let below = library.sub(distance, L::shallow_clone(&above))?;
            library.add(library.add(above, library.mul(below, parameter("slope")?)?)?, parameter("shift")?)
        }
        PointwiseOp::Tanh => PointwiseFunctions::tanh(input),
        PointwiseOp::Sigmoid => PointwiseFunctions::sigmoid(input),
        PointwiseOp::Clip { low, high } => PointwiseFunctions::clip(input, low, high),
        PointwiseOp::Bias => library.add(input, parameter("bias")?),
    }
}

#[cfg(feature = "wgpu")]
impl PointwiseFunctions for burn_tensor::Tensor<4> {
    fn relu(self) -> Result<Self, TrainError> {
        Ok(burn_tensor::activation::relu(self))
    }

    fn tanh(self) -> Result<Self, TrainError> {
        Ok(burn_tensor::activation::tanh(self))
    }

    fn sigmoid(self) -> Result<Self, TrainError> {
        Ok(burn_tensor::activation::sigmoid(self))
    }

    fn clip(self, low: f32, high: f32) -> Result<Self, TrainError> {
        Ok(self.clamp(low, high))
    }
}

#[cfg(feature = "libtorch")]
impl PointwiseFunctions for tch::Tensor {
    fn relu(self) -> Result<Self, TrainError> {
        Ok(self.f_relu()?)
    }

    fn tanh(self) -> Result<Self, TrainError> {
        Ok(self.f_tanh()?)
    }

    fn sigmoid(self) -> Result<Self, TrainError> {
        Ok(self.f_sigmoid()?)
    }

    fn clip(self, low: f32, high: f32) -> Result<Self, TrainError> {
        Ok(self.f_clamp(f64::from(low), f64::from(high))?)
    }
}

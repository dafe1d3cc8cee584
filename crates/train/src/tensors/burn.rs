//! Burn, for GPUs of any vendor through `wgpu`.

use std::panic;

use burn_tensor::{
    Device, DeviceKind, Tensor, TensorData,
    module::{avg_pool2d, batch_norm, batch_norm_train, conv2d, max_pool2d},
    ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions},
};
use dabnet_graph::{Conv2d, Padding};

use super::TensorBackend;
use crate::TrainError;

/// Burn on one device.
pub(crate) struct BurnBackend {
    device: Device,
}

impl BurnBackend {
    /// The GPU that `wgpu` finds first.
    pub(crate) fn open() -> Self {
        Self { device: Device::wgpu(DeviceKind::DefaultDevice).autodiff() }
    }

    /// Checks that there is a GPU and that it computes.
    ///
    /// # Errors
    /// [`TrainError::Device`].
    pub(crate) fn check() -> Result<(), TrainError> {
        let hook = panic::take_hook();
        // The library knows no other way to say that there is no device.
        panic::set_hook(Box::new(|_| {}));
        let sum = panic::catch_unwind(|| {
            let burn = Self::open();
            let one = burn.constant(&[1.0], [1; 4])?;
            burn.values(one.clone() + one)
        });
        panic::set_hook(hook);
        let reason = match sum {
            Ok(Ok(sum)) if sum == [2.0] => return Ok(()),
            Ok(Ok(_)) => "it computes wrong sums".into(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                "there is no GPU on this machine, or no driver for it; --device cpu always works".into()
            }
        };
        Err(TrainError::Device { device: crate::Device::Wgpu, reason })
    }
}

impl TensorBackend for BurnBackend {
    type Tensor = Tensor<4>;

    fn shallow_clone(tensor: &Tensor<4>) -> Tensor<4> {
        tensor.clone()
    }

    fn constant(&self, values: &[f32], dims: [usize; 4]) -> Result<Tensor<4>, TrainError> {
        Ok(Tensor::from_data(TensorData::new(values.to_vec(), dims), &self.device))
    }

    fn leaf(&self, values: &[f32], dims: [usize; 4]) -> Result<Tensor<4>, TrainError> {
        Ok(self.constant(values, dims)?.require_grad())
    }

    fn values(&self, tensor: Tensor<4>) -> Result<Vec<f32>, TrainError> {
        values(tensor.detach())
    }

    fn gradients(&self, tensor: Tensor<4>, leaves: Vec<Tensor<4>>) -> Result<Vec<Vec<f32>>, TrainError> {
        let gradients = tensor.sum().backward();
        let missing = || TrainError::Tensor("a parameter has no gradient".into());
        leaves.iter().map(|leaf| values(leaf.grad(&gradients).ok_or_else(missing)?)).collect()
    }

    fn add(&self, a: Tensor<4>, b: Tensor<4>) -> Result<Tensor<4>, TrainError> {
        Ok(a + b)
    }

    fn sub(&self, a: Tensor<4>, b: Tensor<4>) -> Result<Tensor<4>, TrainError> {
        Ok(a - b)
    }

    fn mul(&self, a: Tensor<4>, b: Tensor<4>) -> Result<Tensor<4>, TrainError> {
        Ok(a * b)
    }

    fn concat(&self, parts: Vec<Tensor<4>>) -> Result<Tensor<4>, TrainError> {
        Ok(Tensor::cat(parts, 1))
    }

    fn conv(&self, input: Tensor<4>, weights: Tensor<4>, conv: &Conv2d) -> Result<Tensor<4>, TrainError> {
        let (stride, padding) = ([conv.stride; 2], pairs(conv.padding));
        let options = ConvOptions::new_with_padding(stride, padding, [1, 1], conv.groups);
        Ok(conv2d(input, weights, None, options))
    }

    fn norm_batch(
        &self,
        input: Tensor<4>,
        gamma: Tensor<4>,
        beta: Tensor<4>,
        epsilon: f32,
    ) -> Result<[Tensor<4>; 3], TrainError> {
        let dims = gamma.dims();
        let result = batch_norm_train(input, row(gamma), row(beta), f64::from(epsilon));
        Ok([result.output, result.mean.reshape(dims), result.variance.reshape(dims)])
    }

    fn norm(
        &self,
        input: Tensor<4>,
        parameters: [Tensor<4>; 4],
        epsilon: f32,
    ) -> Result<Tensor<4>, TrainError> {
        let [gamma, beta, mean, variance] = parameters.map(row);
        Ok(batch_norm(input, gamma, beta, mean, variance, f64::from(epsilon)))
    }

    fn sign(&self, input: Tensor<4>) -> Result<Tensor<4>, TrainError> {
        let passing = input.clone().clamp(-1.0, 1.0);
        let sign = input.detach().greater_equal_elem(0.0).float().mul_scalar(2.0).sub_scalar(1.0);
        // The second term is exactly zero, so that the value is exactly a sign.
        Ok(sign + (passing.clone() - passing.detach()))
    }

    fn quantize(&self, input: Tensor<4>, step: Tensor<4>, most: f32) -> Result<Tensor<4>, TrainError> {
        let at = (input / step.clone()).clamp(0.0, most);
        let lost = (at.clone().detach() + 0.5).floor() - at.clone().detach();
        Ok((at + lost) * step)
    }

    fn max_pool(
        &self,
        input: Tensor<4>,
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Result<Tensor<4>, TrainError> {
        let options = MaxPoolOptions::new([kernel; 2]).with_stride([stride; 2]);
        Ok(max_pool2d(input, options.with_padding_pairs(pairs(padding))))
    }

    fn mean_pool(
        &self,
        input: Tensor<4>,
        kernel: usize,
        stride: usize,
        padding: Padding,
    ) -> Result<Tensor<4>, TrainError> {
        let options = AvgPoolOptions::new([kernel; 2]).with_stride([stride; 2]);
        Ok(avg_pool2d(input, options.with_padding_pairs(pairs(padding)).with_count_include_pad(false)))
    }

    fn global_mean(&self, input: Tensor<4>) -> Result<Tensor<4>, TrainError> {
        Ok(input.mean_dims(&[2, 3]))
    }
}

/// Padding before and after, of rows, then of columns.
fn pairs(Padding { top, left, bottom, right }: Padding) -> [(usize, usize); 2] {
    [(top, bottom), (left, right)]
}

/// Reshapes per-channel values to one dimension, as batch normalization expects.
fn row(channels: Tensor<4>) -> Tensor<1> {
    channels.flatten(0, 3)
}

fn values(tensor: Tensor<4>) -> Result<Vec<f32>, TrainError> {
    let data = tensor.try_into_data().map_err(|error| TrainError::Tensor(format!("{error:?}")))?;
    data.try_into_vec().map_err(|error| TrainError::Tensor(format!("{error:?}")))
}

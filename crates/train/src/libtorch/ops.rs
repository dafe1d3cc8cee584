//! Ops of networks by LibTorch, through the crate `tch`: on the processor, and on NVIDIA GPUs.
//!
//! All tensors have four dimensions, examples, channels, rows and columns; one number a channel is
//! `[1, channels, 1, 1]`, one for all `[1, 1, 1, 1]`. They are handed over, as some ops work in place.

use dabnet_graph::{Conv2d, Padding};
use tch::{Cuda, Kind, TchError, Tensor};

use crate::{Device, TrainError};

/// LibTorch on one device.
pub(crate) struct TorchDevice {
    device: tch::Device,
    /// True if convolutions multiply in bfloat16.
    mixed_precision: bool,
}

impl TorchDevice {
    /// # Errors
    /// [`TrainError::Device`] where there is no such device.
    pub(crate) fn open(device: Device) -> Result<Self, TrainError> {
        let Device::Cuda(index) = device else {
            // Threads of its own come and go with this one, which may be one of many.
            tch::set_num_threads(i32::try_from(rayon::current_num_threads()).unwrap_or(i32::MAX));
            return Ok(Self { device: tch::Device::Cpu, mixed_precision: false });
        };
        let count = if Cuda::is_available() { Cuda::device_count() } else { 0 };
        if i64::try_from(index).is_ok_and(|index| index < count) {
            return Ok(Self { device: tch::Device::Cuda(index), mixed_precision: false });
        }
        let reason = match count {
            0 => "LibTorch finds no NVIDIA GPU on this machine; --device libtorch uses the processor".into(),
            count => format!("LibTorch finds {count} GPUs on this machine, counted from 0"),
        };
        Err(TrainError::Device { device, reason })
    }

    /// Sets whether convolutions multiply in bfloat16.
    pub(crate) fn with_mixed_precision(self, mixed_precision: bool) -> Self {
        Self { mixed_precision, ..self }
    }

    /// # Errors
    /// [`TrainError::Tensor`].
    pub(crate) fn constant(&self, values: &[f32], dims: [usize; 4]) -> Result<Tensor, TrainError> {
        let dims = dims.map(|dim| dim as i64);
        Ok(Tensor::f_from_slice(values)?.f_reshape(dims)?.f_to_device(self.device)?)
    }

    /// A constant with respect to which gradients can be taken.
    ///
    /// # Errors
    /// [`TrainError::Tensor`].
    pub(crate) fn leaf(&self, values: &[f32], dims: [usize; 4]) -> Result<Tensor, TrainError> {
        Ok(self.constant(values, dims)?.f_set_requires_grad(true)?)
    }

    pub(super) fn conv(&self, input: Tensor, weights: Tensor, conv: &Conv2d) -> Result<Tensor, TrainError> {
        let stride = [conv.stride as i64; 2];
        let (input, padding) = match conv.padding.equal() {
            Some(side) => (input, [side as i64; 2]),
            None => (input.f_constant_pad_nd(sides(conv.padding))?, [0, 0]),
        };
        let (bias, groups) = (None::<Tensor>, conv.groups as i64);
        if self.mixed_precision {
            let [input, weights] = [input, weights].map(|it| it.f_to_kind(Kind::BFloat16));
            return Ok(input?
                .f_conv2d(&weights?, bias, stride, padding, [1, 1], groups)?
                .f_to_kind(Kind::Float)?);
        }
        Ok(input.f_conv2d(&weights, bias, stride, padding, [1, 1], groups)?)
    }
}

/// Values of a tensor, on the host.
pub(super) fn values(tensor: Tensor) -> Result<Vec<f32>, TrainError> {
    let tensor = tensor.f_detach()?.f_to_device(tch::Device::Cpu)?.f_contiguous()?;
    let mut values = vec![0.0; tensor.numel()];
    tensor.f_copy_data(&mut values, tensor.numel())?;
    Ok(values)
}

/// Gradients of the sum of all elements with respect to every leaf.
pub(super) fn gradients(tensor: Tensor, leaves: Vec<Tensor>) -> Result<Vec<Vec<f32>>, TrainError> {
    let sum = tensor.f_sum(Kind::Float)?;
    let gradients = Tensor::f_run_backward(&[sum], &leaves, false, false)?;
    gradients.into_iter().map(|gradient| values(gradient)).collect()
}

/// Normalizes by the statistics of the batch. Returns the output, the mean and the biased variance.
pub(super) fn norm_batch(
    input: Tensor,
    gamma: Tensor,
    beta: Tensor,
    epsilon: f32,
) -> Result<[Tensor; 3], TrainError> {
    let [gamma, beta] = [row(&gamma)?, row(&beta)?];
    let none = None::<&Tensor>;
    let (output, mean, deviation) = Tensor::f_native_batch_norm(
        &input,
        Some(&gamma),
        Some(&beta),
        none,
        none,
        true,
        0.0,
        epsilon.into(),
    )?;
    // It keeps what it multiplied with, 1 / √(variance + ε).
    let variance = deviation.f_detach()?.f_pow_tensor_scalar(-2)?.f_sub_scalar(f64::from(epsilon))?;
    Ok([output, mean, variance.f_clamp_min(0.0)?])
}

/// Normalizes by given `gamma`, `beta`, mean and variance.
pub(super) fn norm(input: Tensor, parameters: [Tensor; 4], epsilon: f32) -> Result<Tensor, TrainError> {
    let [gamma, beta, mean, variance] = &parameters;
    let [gamma, beta, mean, variance] = [row(gamma)?, row(beta)?, row(mean)?, row(variance)?].map(Some);
    Ok(input.f_batch_norm(gamma, beta, mean, variance, false, 0.0, epsilon.into(), true)?)
}

/// Straight-through: ±1, with a gradient that passes where `|x| ≤ 1`.
pub(super) fn sign(input: Tensor) -> Result<Tensor, TrainError> {
    let is_positive = input.f_detach()?.f_ge(0.0)?;
    let sign = Tensor::f_where_scalar(&is_positive, 1.0, -1.0)?;
    let passing = input.f_clamp(-1.0, 1.0)?;
    // Exactly zero, so that the value is exactly a sign.
    let mut slope = passing.f_sub(&passing.f_detach()?)?;
    Ok(slope.f_add_(&sign)?)
}

/// `step · clamp(⌊x / step + ½⌋, 0, most)` with one step for all, straight-through: the error of rounding has
/// no gradient.
pub(super) fn quantize(input: Tensor, step: Tensor, most: f32) -> Result<Tensor, TrainError> {
    let at = input.f_div(&step)?.f_clamp(0.0, f64::from(most))?;
    let level = at.f_detach()?.f_add_scalar(0.5)?.f_floor()?;
    let lost = level.f_sub(&at.f_detach()?)?;
    Ok(at.f_add(&lost)?.f_mul(&step)?)
}

pub(super) fn max_pool(
    input: Tensor,
    kernel: usize,
    stride: usize,
    padding: Padding,
) -> Result<Tensor, TrainError> {
    // It pads on its own by the same number everywhere, and by no more than half a window.
    let (input, padding) = match padding.equal().filter(|side| 2 * side <= kernel) {
        Some(side) => (input, side),
        None => (input.f_pad(sides(padding), "constant", f64::NEG_INFINITY)?, 0),
    };
    let [kernel, stride, padding] = [kernel, stride, padding].map(|side| [side as i64; 2]);
    Ok(input.f_max_pool2d(kernel, stride, padding, [1, 1], false)?)
}

/// Mean over what lies on the input.
pub(super) fn mean_pool(
    input: Tensor,
    kernel: usize,
    stride: usize,
    padding: Padding,
) -> Result<Tensor, TrainError> {
    let [kernel, stride] = [kernel, stride].map(|side| [side as i64; 2]);
    let mean = |input: &Tensor| input.f_avg_pool2d(kernel, stride, [0, 0], false, true, None);
    if padding.is_none() {
        return Ok(mean(&input)?);
    }
    // Zeros among what is averaged, then divided by the share of what is not.
    let shallow_clone = mean(&input.f_detach()?.f_ones_like()?.f_constant_pad_nd(sides(padding))?)?;
    Ok(mean(&input.f_constant_pad_nd(sides(padding))?)?.f_div(&shallow_clone)?)
}

/// Columns before and behind, then rows.
fn sides(Padding { top, left, bottom, right }: Padding) -> [i64; 4] {
    [left, right, top, bottom].map(|side| side as i64)
}

/// Reshapes per-channel values to one dimension, as batch normalization expects.
fn row(channels: &Tensor) -> Result<Tensor, TchError> {
    channels.f_flatten(0, -1)
}

impl From<TchError> for TrainError {
    fn from(error: TchError) -> Self {
        // What follows the first line is where in LibTorch's source it happened.
        Self::Tensor(error.to_string().lines().next().unwrap_or_default().to_owned())
    }
}

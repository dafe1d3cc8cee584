//! Pointwise ops and quantization: forward and backward on the processor, and forward by LibTorch.

use dabnet_graph::{PointwiseOp, Quantizer};

#[cfg(feature = "libtorch")]
use crate::TrainError;
use crate::{
    native::{BackwardInput, Tensor},
    parameters::NodeParameters,
};

/// Gradients of a pointwise op.
pub(crate) struct PointwiseGradients {
    pub input: Tensor,
    /// Gradient of each parameter, by name.
    pub parameters: Vec<(&'static str, Vec<f32>)>,
}

/// The op's output.
pub(crate) fn forward(op: PointwiseOp, parameters: NodeParameters<'_>, input: Tensor) -> Tensor {
    match op {
        PointwiseOp::Relu => input.map(|x| *x = x.max(0.0)),
        PointwiseOp::RPReLU => RPReLU::new(parameters).forward(input),
        PointwiseOp::Tanh => input.map(|x| *x = x.tanh()),
        PointwiseOp::Sigmoid => input.map(|x| *x = 1.0 / (1.0 + (-*x).exp())),
        PointwiseOp::Clip { low, high } => input.map(|x| *x = x.max(low).min(high)),
        PointwiseOp::Bias => {
            let bias = parameters.get("bias");
            input.map_positions(|values| values.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias))
        }
    }
}

/// Tensor that [`backward`] needs as its operand.
pub(crate) const fn backward_input(op: PointwiseOp) -> BackwardInput {
    match op {
        PointwiseOp::Relu | PointwiseOp::Tanh | PointwiseOp::Sigmoid | PointwiseOp::Clip { .. } => {
            BackwardInput::Output
        }
        PointwiseOp::RPReLU => BackwardInput::Input,
        PointwiseOp::Bias => BackwardInput::Nothing,
    }
}

/// Gradients from that with respect to the output; `operand` is what the op [reads](backward_input), if anything.
pub(crate) fn backward(
    op: PointwiseOp,
    parameters: NodeParameters<'_>,
    operand: Option<&Tensor>,
    gradient: Tensor,
) -> PointwiseGradients {
    let alone = |input: Tensor| PointwiseGradients { input, parameters: vec![] };
    if op == PointwiseOp::Bias {
        let [sums] = gradient.sums(&gradient, |_, g, _| [g]);
        return PointwiseGradients { input: gradient, parameters: vec![("bias", single(sums))] };
    }
    let operand = operand.expect("all others read something");
    match op {
        PointwiseOp::Relu => alone(gradient.zip(operand, |g, y| *g = if y > 0.0 { *g } else { 0.0 })),
        PointwiseOp::RPReLU => RPReLU::new(parameters).backward(operand, gradient),
        PointwiseOp::Tanh => alone(gradient.zip(operand, |g, y| *g *= 1.0 - y * y)),
        PointwiseOp::Sigmoid => alone(gradient.zip(operand, |g, y| *g *= y * (1.0 - y))),
        PointwiseOp::Clip { low, high } => {
            alone(gradient.zip(operand, |g, y| *g = if low < y && y < high { *g } else { 0.0 }))
        }
        PointwiseOp::Bias => unreachable!("it is dealt with above"),
    }
}

fn single(sums: Vec<f64>) -> Vec<f32> {
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// Parameters of RPReLU, one value per channel each.
#[derive(Clone, Copy)]
struct RPReLU<'a> {
    threshold: &'a [f32],
    slope: &'a [f32],
    shift: &'a [f32],
}

impl<'a> RPReLU<'a> {
    fn new(parameters: NodeParameters<'a>) -> Self {
        let [threshold, slope, shift] = ["threshold", "slope", "shift"].map(|name| parameters.get(name));
        Self { threshold, slope, shift }
    }

    /// `x − γ + ζ` above the threshold `γ`, `β (x − γ) + ζ` below.
    fn forward(self, input: Tensor) -> Tensor {
        let Self { threshold, slope, shift } = self;
        input.map_positions(|values| {
            let parameters = threshold.iter().zip(slope).zip(shift);
            for (value, ((threshold, slope), shift)) in values.iter_mut().zip(parameters) {
                let above = *value - threshold;
                *value = if above > 0.0 { above } else { slope * above } + shift;
            }
        })
    }

    fn backward(self, input: &Tensor, gradient: Tensor) -> PointwiseGradients {
        let Self { threshold, slope, .. } = self;
        let [thresholds, slopes, shifts] = gradient.sums(input, |channel, g, x| {
            let above = x - threshold[channel];
            [if above > 0.0 { -g } else { -slope[channel] * g }, above.min(0.0) * g, g]
        });
        let gradient = gradient.zip_positions(input, |gradient, input| {
            let parameters = threshold.iter().zip(slope);
            for ((g, x), (threshold, slope)) in gradient.iter_mut().zip(input).zip(parameters) {
                *g = if x > threshold { *g } else { slope * *g };
            }
        });
        let parameters =
            vec![("threshold", single(thresholds)), ("slope", single(slopes)), ("shift", single(shifts))];
        PointwiseGradients { input: gradient, parameters }
    }
}

/// Gradient with respect to the input of a sign: straight-through where that is within ±1.
pub(crate) fn sign_backward(input: &Tensor, gradient: Tensor) -> Tensor {
    gradient.zip(input, |g, x| *g = if x.abs() <= 1.0 { *g } else { 0.0 })
}

/// Rounds every value to the nearest level.
pub(crate) fn quantize(quantizer: Quantizer, input: Tensor) -> Tensor {
    input.map(|x| *x = quantizer.value(*x))
}

/// Gradients with respect to the input and to the step, from that with respect to the output: straight-through
/// (*LSQ*, equations 3 and 5).
pub(crate) fn quantize_backward(quantizer: Quantizer, input: &Tensor, gradient: Tensor) -> (Tensor, f32) {
    let [steps] = gradient.sums(input, |_, g, x| [g * quantizer.slopes(x).1]);
    (gradient.zip(input, |g, x| *g *= quantizer.slopes(x).0), steps.iter().sum::<f64>() as f32)
}

/// The op's output by LibTorch, which derives the gradients; `parameter` gives one of its parameters by name, as
/// `[1, channels, 1, 1]`.
#[cfg(feature = "libtorch")]
pub(crate) fn torch_forward(
    op: PointwiseOp,
    input: &tch::Tensor,
    mut parameter: impl FnMut(&'static str) -> Result<tch::Tensor, TrainError>,
) -> Result<tch::Tensor, TrainError> {
    Ok(match op {
        PointwiseOp::Relu => input.f_relu()?,
        PointwiseOp::RPReLU => {
            let distance = input.f_sub(&parameter("threshold")?)?;
            let above = distance.f_relu()?;
            let below = distance.f_sub(&above)?;
            above.f_add(&below.f_mul(&parameter("slope")?)?)?.f_add(&parameter("shift")?)?
        }
        PointwiseOp::Tanh => input.f_tanh()?,
        PointwiseOp::Sigmoid => input.f_sigmoid()?,
        PointwiseOp::Clip { low, high } => input.f_clamp(f64::from(low), f64::from(high))?,
        PointwiseOp::Bias => input.f_add(&parameter("bias")?)?,
    })
}

//! Pointwise ops and quantization: forward and backward on the processor, and forward on tensor libraries.

use dabnet_graph::{PointwiseOp, Quantizer};

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

/// Pointwise ops on tensor libraries, which derive the gradients.
#[cfg(any(feature = "libtorch", feature = "wgpu"))]
pub(crate) mod tensors {
    use dabnet_graph::PointwiseOp;

    use crate::{TrainError, tensors::TensorBackend};

    /// Pointwise functions of a library's tensor.
    pub(crate) trait PointwiseFunctions: Sized {
        fn relu(self) -> Result<Self, TrainError>;
        fn tanh(self) -> Result<Self, TrainError>;
        fn sigmoid(self) -> Result<Self, TrainError>;
        fn clip(self, low: f32, high: f32) -> Result<Self, TrainError>;
    }

    /// The op's output; `parameter` gives one of its parameters by name, as `[1, channels, 1, 1]`.
    pub(crate) fn forward<L: TensorBackend>(
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
                library
                    .add(library.add(above, library.mul(below, parameter("slope")?)?)?, parameter("shift")?)
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
}

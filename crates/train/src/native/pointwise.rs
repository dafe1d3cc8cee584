//! Ops that are functions of single values, forward and backward.

use dabnet_graph::PointwiseOp;

use super::{Reads, tensor::Tensor};
use crate::parameters::NodeParameters;

/// Gradients of a pointwise op.
pub(super) struct Gradients {
    pub input: Tensor,
    /// Gradient of each parameter, by name.
    pub parameters: Vec<(&'static str, Vec<f32>)>,
}

/// The op's output.
pub(super) fn forward(op: PointwiseOp, parameters: NodeParameters<'_>, input: Tensor) -> Tensor {
    match op {
        PointwiseOp::Relu => input.each(|x| *x = x.max(0.0)),
        PointwiseOp::RPReLU => RPReLU::new(parameters).forward(input),
        PointwiseOp::Tanh => input.each(|x| *x = x.tanh()),
        PointwiseOp::Sigmoid => input.each(|x| *x = 1.0 / (1.0 + (-*x).exp())),
        PointwiseOp::Clip { low, high } => input.each(|x| *x = x.max(low).min(high)),
        PointwiseOp::Bias => {
            let bias = parameters.get("bias");
            input.each_position(|values| values.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias))
        }
    }
}

/// What [`backward`] is to be given.
pub(super) const fn reads(op: PointwiseOp) -> Reads {
    match op {
        PointwiseOp::Relu | PointwiseOp::Tanh | PointwiseOp::Sigmoid | PointwiseOp::Clip { .. } => {
            Reads::Output
        }
        PointwiseOp::RPReLU => Reads::Input,
        PointwiseOp::Bias => Reads::Nothing,
    }
}

/// Gradients from that with respect to the output; `seen` is what the op [reads](reads), if anything.
pub(super) fn backward(
    op: PointwiseOp,
    parameters: NodeParameters<'_>,
    seen: Option<&Tensor>,
    gradient: Tensor,
) -> Gradients {
    let alone = |input: Tensor| Gradients { input, parameters: vec![] };
    if op == PointwiseOp::Bias {
        let [sums] = gradient.sums(&gradient, |_, g, _| [g]);
        return Gradients { input: gradient, parameters: vec![("bias", single(sums))] };
    }
    let seen = seen.expect("all others read something");
    match op {
        PointwiseOp::Relu => alone(gradient.zip(seen, |g, y| *g = if y > 0.0 { *g } else { 0.0 })),
        PointwiseOp::RPReLU => RPReLU::new(parameters).backward(seen, gradient),
        PointwiseOp::Tanh => alone(gradient.zip(seen, |g, y| *g *= 1.0 - y * y)),
        PointwiseOp::Sigmoid => alone(gradient.zip(seen, |g, y| *g *= y * (1.0 - y))),
        PointwiseOp::Clip { low, high } => {
            alone(gradient.zip(seen, |g, y| *g = if low < y && y < high { *g } else { 0.0 }))
        }
        PointwiseOp::Bias => unreachable!("it is dealt with above"),
    }
}

fn single(sums: Vec<f64>) -> Vec<f32> {
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// One value a channel of each.
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
        input.each_position(|values| {
            let parameters = threshold.iter().zip(slope).zip(shift);
            for (value, ((threshold, slope), shift)) in values.iter_mut().zip(parameters) {
                let above = *value - threshold;
                *value = if above > 0.0 { above } else { slope * above } + shift;
            }
        })
    }

    fn backward(self, input: &Tensor, gradient: Tensor) -> Gradients {
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
        Gradients { input: gradient, parameters }
    }
}

//! Ops that are functions of single values, forward and backward.

use dabnet_graph::PointwiseOp;
use rayon::prelude::*;

use super::norm::{row, sum, sum_pairs};
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
        PointwiseOp::Bias => add_bias(parameters.get("bias"), input),
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
        let bias = ("bias", channel_sums(&gradient));
        return Gradients { input: gradient, parameters: vec![bias] };
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

/// The sum with one number a channel.
fn add_bias(bias: &[f32], mut input: Tensor) -> Tensor {
    let shape = input.shape;
    input.blocks.par_iter_mut().for_each(|block| {
        let len = block.per_channel(shape);
        for (values, bias) in block.values.chunks_mut(len).zip(bias) {
            values.iter_mut().for_each(|value| *value += bias);
        }
    });
    input
}

/// Sum over examples and positions of each channel.
fn channel_sums(values: &Tensor) -> Vec<f32> {
    let shape = values.shape;
    let of =
        |channel| values.blocks.iter().map(|block| sum(row(block, shape, channel), |it| it)).sum::<f64>();
    (0..shape.channels).into_par_iter().map(|channel| of(channel) as f32).collect()
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
    fn forward(self, mut input: Tensor) -> Tensor {
        let shape = input.shape;
        input.blocks.par_iter_mut().for_each(|block| {
            let len = block.per_channel(shape);
            for (channel, values) in block.values.chunks_mut(len).enumerate() {
                let (threshold, slope, shift) = self.of(channel);
                values.iter_mut().for_each(|value| {
                    let above = *value - threshold;
                    *value = if above > 0.0 { above } else { slope * above } + shift;
                });
            }
        });
        input
    }

    fn backward(self, input: &Tensor, mut gradient: Tensor) -> Gradients {
        let shape = input.shape;
        let sums: Vec<[f64; 3]> = (0..shape.channels)
            .into_par_iter()
            .map(|channel| {
                let (threshold, slope, _) = self.of(channel);
                let mut sums = [0.0; 3];
                for (input, gradient) in input.blocks.iter().zip(&gradient.blocks) {
                    let (x, g) = (row(input, shape, channel), row(gradient, shape, channel));
                    sums[0] -= sum_pairs(x, g, |x, g| if x > threshold { g } else { slope * g });
                    sums[1] += sum_pairs(x, g, |x, g| (x - threshold).min(0.0) * g);
                    sums[2] += sum(g, |g| g);
                }
                sums
            })
            .collect();
        gradient.blocks.par_iter_mut().zip(&input.blocks).for_each(|(gradient, input)| {
            let len = input.per_channel(shape);
            for (channel, gradient) in gradient.values.chunks_mut(len).enumerate() {
                let (threshold, slope, _) = self.of(channel);
                for (g, x) in gradient.iter_mut().zip(row(input, shape, channel)) {
                    *g = if *x > threshold { *g } else { slope * *g };
                }
            }
        });
        let of = |index: usize| sums.iter().map(|sums| sums[index] as f32).collect();
        let parameters = vec![("threshold", of(0)), ("slope", of(1)), ("shift", of(2))];
        Gradients { input: gradient, parameters }
    }

    fn of(self, channel: usize) -> (f32, f32, f32) {
        (self.threshold[channel], self.slope[channel], self.shift[channel])
    }
}

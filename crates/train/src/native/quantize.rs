//! Levels in place of real numbers, forward and backward.

use dabnet_graph::Quantizer;

use super::tensor::Tensor;

pub(super) fn forward(quantizer: Quantizer, input: Tensor) -> Tensor {
    input.each(|x| *x = quantizer.value(*x))
}

/// Gradients with respect to the input and to the step, from that with respect to the output: straight-through
/// (*LSQ*, equations 3 and 5).
pub(super) fn backward(quantizer: Quantizer, input: &Tensor, gradient: Tensor) -> (Tensor, f32) {
    let [steps] = gradient.sums(input, |_, g, x| [g * quantizer.slopes(x).1]);
    (gradient.zip(input, |g, x| *g *= quantizer.slopes(x).0), steps.iter().sum::<f64>() as f32)
}

//! Convolutions whose filters see one channel each: too little for a product, and whole vectors where channels
//! lie beside each other.

use rayon::prelude::*;

use super::patches::ConvWindows;
use super::tensor::Tensor;

/// A filter a channel, tap after tap, in each a weight a channel.
pub(super) struct DepthwiseConv<'a> {
    pub windows: &'a ConvWindows,
    pub weights: Vec<f32>,
}

impl DepthwiseConv<'_> {
    pub(crate) fn forward(&self, input: &Tensor) -> Tensor {
        let (channels, output) = (input.shape.channels, self.windows.output);
        input.map_examples(output, |input, filled| {
            for (position, sums) in filled.chunks_exact_mut(channels).enumerate() {
                for (tap, weights) in self.weights.chunks_exact(channels).enumerate() {
                    let Some(at) = self.windows.input_position(position, tap) else { continue };
                    let values = &input[at * channels..][..channels];
                    for (sum, (value, weight)) in sums.iter_mut().zip(values.iter().zip(weights)) {
                        *sum += value * weight;
                    }
                }
            }
        })
    }

    pub(crate) fn input_gradient(&self, gradient: &Tensor) -> Tensor {
        let (channels, input) = (gradient.shape.channels, self.windows.input);
        gradient.map_examples(input, |gradient, filled| {
            for (position, gradient) in gradient.chunks_exact(channels).enumerate() {
                for (tap, weights) in self.weights.chunks_exact(channels).enumerate() {
                    let Some(at) = self.windows.input_position(position, tap) else { continue };
                    let sums = &mut filled[at * channels..][..channels];
                    for (sum, (gradient, weight)) in sums.iter_mut().zip(gradient.iter().zip(weights)) {
                        *sum += gradient * weight;
                    }
                }
            }
        })
    }

    /// The gradient with respect to the weights, in their order.
    pub(crate) fn weight_gradient(&self, input: &Tensor, gradient: &Tensor) -> Vec<f32> {
        let channels = gradient.shape.channels;
        let examples = input.values.par_chunks(input.shape.elements());
        let examples = examples.zip(gradient.values.par_chunks(gradient.shape.elements()));
        let parts: Vec<Vec<f32>> = examples
            .map(|(input, gradient)| {
                let mut part = vec![0.0; self.weights.len()];
                for (position, gradient) in gradient.chunks_exact(channels).enumerate() {
                    for (tap, sums) in part.chunks_exact_mut(channels).enumerate() {
                        let Some(at) = self.windows.input_position(position, tap) else { continue };
                        let values = &input[at * channels..][..channels];
                        for (sum, (gradient, value)) in sums.iter_mut().zip(gradient.iter().zip(values)) {
                            *sum += gradient * value;
                        }
                    }
                }
                part
            })
            .collect();
        let mut whole = vec![0.0; self.weights.len()];
        for part in parts {
            whole.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        whole
    }
}

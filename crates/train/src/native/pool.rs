use std::ops::Range;

use dabnet_graph::{Padding, Shape};
use rayon::prelude::*;

use super::tensor::Tensor;

/// Square windows that slide over a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolWindows {
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
}

impl PoolWindows {
    /// Input positions covered by the window at output position `at`, row by row.
    fn window(self, at: usize, input: Shape, output: Shape) -> impl Iterator<Item = usize> + Clone {
        let columns = self.covered(at % output.width, self.padding.left, input.width);
        let rows = self.covered(at / output.width, self.padding.top, input.height);
        rows.flat_map(move |row| columns.clone().map(move |column| row * input.width + column))
    }

    fn covered(self, at: usize, padding: usize, extent: usize) -> Range<usize> {
        let start = at * self.stride;
        start.saturating_sub(padding)..(start + self.kernel - padding).min(extent)
    }

    /// Maxima, and the position of each within its example; the first of equal ones.
    pub(crate) fn max(self, input: &Tensor, output: Shape) -> (Tensor, Vec<u32>) {
        let (shape, channels) = (input.shape, output.channels);
        let mut maxima = Tensor::zeros(input.examples(), output);
        let mut argmax = vec![0; maxima.values.len()];
        let examples = maxima.values.par_chunks_mut(output.elements());
        let examples = examples.zip(argmax.par_chunks_mut(output.elements()));
        examples.zip(input.values.par_chunks(shape.elements())).for_each(|((maxima, argmax), input)| {
            let outputs = maxima.chunks_exact_mut(channels).zip(argmax.chunks_exact_mut(channels));
            for (at, (maxima, argmax)) in outputs.enumerate() {
                let mut window = self.window(at, shape, output);
                let first = window.next().expect("a window has positions");
                maxima.copy_from_slice(&input[first * channels..][..channels]);
                argmax.fill(first as u32);
                for position in window {
                    let values = &input[position * channels..][..channels];
                    for ((most, index), value) in maxima.iter_mut().zip(&mut *argmax).zip(values) {
                        let is_more = *value > *most;
                        *most = if is_more { *value } else { *most };
                        *index = if is_more { position as u32 } else { *index };
                    }
                }
            }
        });
        (maxima, argmax)
    }

    /// The gradient with respect to the input of [`PoolWindows::max`].
    pub(crate) fn max_backward(gradient: &Tensor, argmax: &[u32], input: Shape) -> Tensor {
        let output = gradient.shape;
        let mut result = Tensor::zeros(gradient.examples(), input);
        let examples = gradient.values.par_chunks(output.elements());
        let examples = examples.zip(argmax.par_chunks(output.elements()));
        result.values.par_chunks_mut(input.elements()).zip(examples).for_each(|(to, (gradient, argmax))| {
            let positions = gradient.chunks_exact(output.channels).zip(argmax.chunks_exact(output.channels));
            for (gradient, argmax) in positions {
                for (channel, (value, index)) in gradient.iter().zip(argmax).enumerate() {
                    to[*index as usize * output.channels + channel] += value;
                }
            }
        });
        result
    }

    /// Mean of each window, padding excluded.
    pub(crate) fn mean(self, input: &Tensor, output: Shape) -> Tensor {
        let (shape, channels) = (input.shape, output.channels);
        input.map_examples(output, |input, means| {
            for (at, means) in means.chunks_exact_mut(channels).enumerate() {
                let window = self.window(at, shape, output);
                let share = 1.0 / window.clone().count() as f32;
                for position in window {
                    let values = &input[position * channels..][..channels];
                    means.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
                means.iter_mut().for_each(|sum| *sum *= share);
            }
        })
    }

    /// The gradient with respect to the input of [`PoolWindows::mean`].
    pub(crate) fn mean_backward(self, gradient: &Tensor, input: Shape) -> Tensor {
        let (output, channels) = (gradient.shape, input.channels);
        gradient.map_examples(input, |gradient, to| {
            for (at, gradient) in gradient.chunks_exact(channels).enumerate() {
                let window = self.window(at, input, output);
                let share = 1.0 / window.clone().count() as f32;
                for position in window {
                    let sums = &mut to[position * channels..][..channels];
                    sums.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value * share);
                }
            }
        })
    }
}

/// The mean of each channel.
pub(super) fn global_mean(input: &Tensor) -> Tensor {
    let (positions, channels) = (input.shape.positions(), input.shape.channels);
    input.map_examples(Shape::new(channels, 1, 1), |input, means| {
        for values in input.chunks_exact(channels) {
            means.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        means.iter_mut().for_each(|sum| *sum /= positions as f32);
    })
}

/// The gradient with respect to the input of [`global_mean`].
pub(super) fn global_mean_backward(gradient: &Tensor, input: Shape) -> Tensor {
    let positions = input.positions();
    gradient.map_examples(input, |gradient, to| {
        for values in to.chunks_exact_mut(input.channels) {
            values
                .iter_mut()
                .zip(gradient)
                .for_each(|(value, gradient)| *value = gradient / positions as f32);
        }
    })
}

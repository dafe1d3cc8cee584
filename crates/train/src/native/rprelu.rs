use rayon::prelude::*;

use super::norm::{row, sum, sum_pairs};
use super::tensor::Tensor;

/// One value a channel of each.
#[derive(Clone, Copy)]
pub(super) struct RPReLU<'a> {
    pub threshold: &'a [f32],
    pub slope: &'a [f32],
    pub shift: &'a [f32],
}

/// Gradients of one: with respect to its input, and to each of its values.
pub(super) struct Gradients {
    pub input: Tensor,
    pub threshold: Vec<f32>,
    pub slope: Vec<f32>,
    pub shift: Vec<f32>,
}

impl RPReLU<'_> {
    /// `x − γ + ζ` above the threshold `γ`, `β (x − γ) + ζ` below.
    pub fn forward(self, mut input: Tensor) -> Tensor {
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

    pub fn backward(self, input: &Tensor, mut gradient: Tensor) -> Gradients {
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
        Gradients { input: gradient, threshold: of(0), slope: of(1), shift: of(2) }
    }

    fn of(self, channel: usize) -> (f32, f32, f32) {
        (self.threshold[channel], self.slope[channel], self.shift[channel])
    }
}

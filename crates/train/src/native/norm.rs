use dabnet_graph::Shape;
use rayon::prelude::*;

use super::tensor::{Block, Tensor};
use crate::parameters::NodeParameters;

/// What batch normalisation found in a batch, a value a channel.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub mean: Vec<f32>,
    /// Biased.
    pub variance: Vec<f32>,
}

/// `(x − mean) / √(variance + ε)` of one channel.
#[derive(Clone, Copy)]
struct Standard {
    mean: f32,
    scale: f32,
}

impl Statistics {
    /// Those that training has kept.
    pub fn running(norm: NodeParameters<'_>) -> Self {
        Self { mean: norm.get("mean").to_vec(), variance: norm.get("variance").to_vec() }
    }

    /// Those of a batch, put together block by block (Chan, Golub & LeVeque, 1983).
    pub fn of(input: &Tensor) -> Self {
        let (mean, variance) = (0..input.shape.channels)
            .into_par_iter()
            .map(|channel| {
                let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
                for block in &input.blocks {
                    let row = row(block, input.shape, channel);
                    let (part, part_mean) = (row.len() as f64, sum(row, |value| value) / row.len() as f64);
                    let centre = part_mean as f32;
                    let off = part_mean - f64::from(centre);
                    squares += sum(row, |value| (value - centre) * (value - centre)) - part * off * off;
                    let delta = part_mean - mean;
                    squares += delta * delta * count * part / (count + part);
                    mean += delta * part / (count + part);
                    count += part;
                }
                (mean as f32, (squares / count).max(0.0) as f32)
            })
            .unzip();
        Self { mean, variance }
    }

    fn standard(&self, channel: usize, epsilon: f32) -> Standard {
        let scale = 1.0 / (f64::from(self.variance[channel]) + f64::from(epsilon)).sqrt();
        Standard { mean: self.mean[channel], scale: scale as f32 }
    }
}

/// `γ (x − mean) / √(variance + ε) + β`.
pub(super) fn forward(
    input: &Tensor,
    [gamma, beta]: [&[f32]; 2],
    epsilon: f32,
    statistics: &Statistics,
) -> Tensor {
    let shape = input.shape;
    input.map(shape, |block, filled| {
        let rows = filled.chunks_mut(block.per_channel(shape)).enumerate();
        for (channel, filled) in rows {
            let Standard { mean, scale } = statistics.standard(channel, epsilon);
            let (scale, beta) = (scale * gamma[channel], beta[channel]);
            let values = row(block, shape, channel);
            filled.iter_mut().zip(values).for_each(|(to, x)| *to = (x - mean) * scale + beta);
        }
    })
}

/// `scale · x + shift`.
pub(super) fn affine(input: &Tensor, scale: &[f32], shift: &[f32]) -> Tensor {
    let shape = input.shape;
    input.map(shape, |block, filled| {
        for (channel, filled) in filled.chunks_mut(block.per_channel(shape)).enumerate() {
            let values = row(block, shape, channel);
            filled.iter_mut().zip(values).for_each(|(to, x)| *to = scale[channel] * x + shift[channel]);
        }
    })
}

/// Gradients with respect to input, `γ` and `β`, from that with respect to the output.
pub(super) fn backward(
    input: &Tensor,
    gamma: &[f32],
    epsilon: f32,
    statistics: &Statistics,
    mut gradient: Tensor,
) -> (Tensor, Vec<f32>, Vec<f32>) {
    let shape = input.shape;
    let count = (input.examples() * shape.positions()) as f64;
    let (gammas, betas): (Vec<f64>, Vec<f64>) = (0..shape.channels)
        .into_par_iter()
        .map(|channel| {
            let Standard { mean, scale } = statistics.standard(channel, epsilon);
            let blocks = input.blocks.iter().zip(&gradient.blocks);
            blocks.fold((0.0, 0.0), |(gamma, beta), (x, g)| {
                let (x, g) = (row(x, shape, channel), row(g, shape, channel));
                let products = sum_pairs(x, g, |x, g| (x - mean) * g);
                (gamma + products * f64::from(scale), beta + sum(g, |g| g))
            })
        })
        .unzip();
    gradient.blocks.par_iter_mut().zip(&input.blocks).for_each(|(gradient, block)| {
        let rows = gradient.values.chunks_mut(block.per_channel(shape)).enumerate();
        for (channel, gradient) in rows {
            let Standard { mean, scale } = statistics.standard(channel, epsilon);
            let factor = gamma[channel] * scale;
            let along = (gammas[channel] / count) as f32 * scale;
            let level = (betas[channel] / count) as f32;
            for (g, x) in gradient.iter_mut().zip(row(block, shape, channel)) {
                *g = factor * (*g - level - (x - mean) * along);
            }
        }
    });
    let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
    (gradient, single(gammas), single(betas))
}

pub(super) fn row(block: &Block, shape: Shape, channel: usize) -> &[f32] {
    let len = block.per_channel(shape);
    &block.values[channel * len..][..len]
}

/// Terms that are added in single precision before they go into a sum in double precision.
const LANES: usize = 16;
const STRETCH: usize = 64 * LANES;

pub(super) fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f64 {
    sum_pairs(values, values, |value, _| of(value))
}

pub(super) fn sum_pairs(a: &[f32], b: &[f32], of: impl Fn(f32, f32) -> f32) -> f64 {
    let stretches = a.chunks(STRETCH).zip(b.chunks(STRETCH));
    let sums = stretches.map(|(a, b)| {
        let mut lanes = [0.0; LANES];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            (0..LANES).for_each(|lane| lanes[lane] += of(a[lane], b[lane]));
        }
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| of(*a, *b)).sum();
        f64::from(lanes.iter().sum::<f32>() + rest)
    });
    sums.sum()
}

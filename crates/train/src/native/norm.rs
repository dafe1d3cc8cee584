use rayon::prelude::*;

use super::tensor::Tensor;
use crate::parameters::NodeParameters;

/// Mean and variance of a batch, a value per channel.
#[derive(Clone, Debug)]
pub(super) struct NormStatistics {
    pub mean: Vec<f32>,
    /// Biased.
    pub variance: Vec<f32>,
}

/// Partial moments over some positions, a value per channel.
struct ChannelMoments {
    count: f64,
    mean: Vec<f64>,
    /// Sum of squared deviations from the mean.
    squares: Vec<f64>,
}

impl ChannelMoments {
    fn of(values: &[f32], channels: usize) -> Self {
        let count = (values.len() / channels) as f32;
        let mut sums = vec![0.0; channels];
        for position in values.chunks_exact(channels) {
            sums.iter_mut().zip(position).for_each(|(sum, value)| *sum += value);
        }
        let means: Vec<f32> = sums.iter().map(|sum| sum / count).collect();
        let (mut squares, mut rest) = (vec![0.0; channels], vec![0.0; channels]);
        for position in values.chunks_exact(channels) {
            let sums = squares.iter_mut().zip(&mut rest);
            for ((squares, rest), (value, mean)) in sums.zip(position.iter().zip(&means)) {
                let off: f32 = value - mean;
                *rest += off;
                *squares += off * off;
            }
        }
        // What rounding the mean has left of the sum.
        let count = f64::from(count);
        let off = |rest: &f32| f64::from(*rest) / count;
        Self {
            count,
            mean: means.iter().zip(&rest).map(|(mean, rest)| f64::from(*mean) + off(rest)).collect(),
            squares: squares
                .iter()
                .zip(&rest)
                .map(|(squares, rest): (&f32, _)| f64::from(*squares) - count * off(rest) * off(rest))
                .collect(),
        }
    }

    /// Combines the moments of two parts (Chan, Golub & LeVeque, 1983).
    fn merge(mut self, other: &Self) -> Self {
        let count = self.count + other.count;
        for channel in 0..self.mean.len() {
            let delta = other.mean[channel] - self.mean[channel];
            self.squares[channel] +=
                other.squares[channel] + delta * delta * self.count * other.count / count;
            self.mean[channel] += delta * other.count / count;
        }
        Self { count, ..self }
    }
}

impl NormStatistics {
    /// Running statistics kept by training.
    pub(crate) fn running(norm: NodeParameters<'_>) -> Self {
        Self { mean: norm.get("mean").to_vec(), variance: norm.get("variance").to_vec() }
    }

    /// Statistics of a batch.
    pub(crate) fn of(input: &Tensor) -> Self {
        let channels = input.shape.channels;
        let chunks = input.values.par_chunks(input.chunk());
        let parts: Vec<ChannelMoments> = chunks.map(|values| ChannelMoments::of(values, channels)).collect();
        let mut parts = parts.into_iter();
        let first = parts.next().expect("a batch has examples");
        let ChannelMoments { count, mean, squares } = parts.fold(first, |all, part| all.merge(&part));
        let variance = squares.iter().map(|squares| (squares / count).max(0.0) as f32);
        Self { mean: mean.iter().map(|mean| *mean as f32).collect(), variance: variance.collect() }
    }

    /// `1 / √(variance + ε)` of each channel.
    fn scales(&self, epsilon: f32) -> Vec<f32> {
        let scale = |variance: &f32| 1.0 / (f64::from(*variance) + f64::from(epsilon)).sqrt();
        self.variance.iter().map(|variance| scale(variance) as f32).collect()
    }
}

/// `γ (x − mean) / √(variance + ε) + β`.
pub(super) fn forward(
    input: Tensor,
    [gamma, beta]: [&[f32]; 2],
    epsilon: f32,
    statistics: &NormStatistics,
) -> Tensor {
    let scales: Vec<f32> = statistics.scales(epsilon).iter().zip(gamma).map(|(a, b)| a * b).collect();
    input.map_positions(|values| {
        let parameters = statistics.mean.iter().zip(&scales).zip(beta);
        for (value, ((mean, scale), beta)) in values.iter_mut().zip(parameters) {
            *value = (*value - mean) * scale + beta;
        }
    })
}

/// `scale · x + shift`.
pub(super) fn affine(input: Tensor, scale: &[f32], shift: &[f32]) -> Tensor {
    input.map_positions(|values| {
        for (value, (scale, shift)) in values.iter_mut().zip(scale.iter().zip(shift)) {
            *value = scale * *value + shift;
        }
    })
}

/// Gradients with respect to input, `γ` and `β`, from that with respect to the output.
pub(super) fn backward(
    input: &Tensor,
    gamma: &[f32],
    epsilon: f32,
    statistics: &NormStatistics,
    gradient: Tensor,
) -> (Tensor, Vec<f32>, Vec<f32>) {
    let (count, means) = (input.positions() as f64, &statistics.mean);
    let scales = statistics.scales(epsilon);
    let [products, betas] = gradient.sums(input, |channel, g, x| [(x - means[channel]) * g, g]);
    let gammas: Vec<f64> = products.iter().zip(&scales).map(|(sum, scale)| sum * f64::from(*scale)).collect();
    // factor · (g − level − (x − mean) · along)
    let factors: Vec<[f32; 4]> = (0..gamma.len())
        .map(|channel| {
            let along = (gammas[channel] / count) as f32 * scales[channel];
            [gamma[channel] * scales[channel], (betas[channel] / count) as f32, means[channel], along]
        })
        .collect();
    let gradient = gradient.zip_positions(input, |gradient, input| {
        for ((g, x), [factor, level, mean, along]) in gradient.iter_mut().zip(input).zip(&factors) {
            *g = factor * (*g - level - (x - mean) * along);
        }
    });
    let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
    (gradient, single(gammas), single(betas))
}

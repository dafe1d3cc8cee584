use std::collections::BTreeMap;

use dabnet_engine::{EmbeddingStatistics, quantize, quantized_value};
use dabnet_matrix::{MatrixView, MatrixViewMut, WriteMode, multiply};
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rand_pcg::Pcg64Mcg;

/// Number of principal directions that are kept: with more, words are not learned better.
const DIRECTIONS: usize = 16;
/// Steps of the iteration that finds them.
const STEPS: usize = 20;
const SEED: u64 = 0x0064_6162;

/// Statistics of embeddings, `width` values each.
pub(crate) fn measure(embeddings: &[f32], width: usize) -> EmbeddingStatistics {
    let count = embeddings.len() / width;
    let (mean, median) = mean_and_median(embeddings, width);
    let centered: Vec<f32> =
        embeddings.chunks_exact(width).flat_map(|row| row.iter().zip(&mean).map(|(a, b)| a - b)).collect();
    let directions = principal_directions(&centered, width, DIRECTIONS.min(width));
    let (direction_scale, integers): (Vec<f32>, Vec<Vec<i8>>) =
        directions.chunks_exact(width).map(quantize).unzip();
    let deviation = (0..width).map(|at| {
        let all = centered.iter().skip(at).step_by(width).map(|value| f64::from(*value).powi(2));
        let along: f64 =
            directions.iter().skip(at).step_by(width).map(|value| f64::from(*value).powi(2)).sum();
        (all.sum::<f64>() / count as f64 - along).max(0.0).sqrt() as f32
    });
    EmbeddingStatistics {
        deviation: deviation.collect(),
        mean,
        median,
        directions: integers.concat(),
        direction_scale,
        taught: BTreeMap::new(),
    }
}

/// Mean and median of embeddings, `[width]` each.
pub(crate) fn mean_and_median(embeddings: &[f32], width: usize) -> (Vec<f32>, Vec<f32>) {
    let count = embeddings.len() / width;
    let column = |at: usize| embeddings.iter().skip(at).step_by(width).copied();
    let mean = |at: usize| (column(at).map(f64::from).sum::<f64>() / count as f64) as f32;
    (0..width).map(|at| (mean(at), median(column(at).collect()))).unzip()
}

fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// The directions of greatest variance of centered rows, `[count, width]`, each as long as the standard deviation along
/// it: by orthogonal iteration (Golub and Van Loan, *Matrix Computations*, 8.2.4).
fn principal_directions(centered: &[f32], width: usize, count: usize) -> Vec<f32> {
    let rows = centered.len() / width;
    let mut directions = normal(count * width);
    let (mut along, mut deviations) = (vec![0.0; rows * count], vec![0.0; count]);
    for _ in 0..STEPS {
        orthonormalize(&mut directions, width);
        let data = MatrixView::new(centered, width);
        let current = MatrixView::new(&directions, width);
        multiply(&mut MatrixViewMut::new(&mut along, count), data, current.transposed(), WriteMode::Replace);
        let variance =
            |at: usize| along.iter().skip(at).step_by(count).map(|value| f64::from(*value).powi(2));
        deviations = (0..count).map(|at| (variance(at).sum::<f64>() / rows as f64).sqrt()).collect();
        let mut next = vec![0.0; count * width];
        let product = &mut MatrixViewMut::new(&mut next, width);
        multiply(product, MatrixView::new(&along, count).transposed(), data, WriteMode::Replace);
        directions = next;
    }
    orthonormalize(&mut directions, width);
    let rows = directions.chunks_exact_mut(width).zip(deviations);
    rows.for_each(|(row, deviation)| row.iter_mut().for_each(|value| *value *= deviation as f32));
    directions
}

/// Makes rows orthogonal to each other and of length 1; those that depend on others become 0.
fn orthonormalize(rows: &mut [f32], width: usize) {
    for at in 0..rows.len() / width {
        let (before, rest) = rows.split_at_mut(at * width);
        let row = &mut rest[..width];
        let length = norm(row);
        for other in before.chunks_exact(width) {
            let along = dot(row, other) as f32;
            row.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
        }
        let left = norm(row);
        let scale = if left > 1e-5 * length { 1.0 / left } else { 0.0 };
        row.iter_mut().for_each(|value| *value *= scale as f32);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn norm(row: &[f32]) -> f64 {
    dot(row, row).sqrt()
}

/// `count` embeddings, `[count, width]`, as the statistics say that they are; the same ones every time.
pub(crate) fn sample(statistics: &EmbeddingStatistics, count: usize) -> Vec<f32> {
    let (width, directions) = (statistics.width(), statistics.direction_scale.len());
    let mut samples = normal(count * width);
    for row in samples.chunks_exact_mut(width) {
        let parts = row.iter_mut().zip(&statistics.deviation).zip(&statistics.mean);
        parts.for_each(|((value, deviation), mean)| *value = *value * deviation + mean);
    }
    let along = normal(count * directions);
    for (row, along) in samples.chunks_exact_mut(width).zip(along.chunks(directions.max(1))) {
        let directions = statistics.directions.chunks_exact(width).zip(&statistics.direction_scale);
        for ((direction, &scale), along) in directions.zip(along) {
            let integers = row.iter_mut().zip(direction);
            integers.for_each(|(value, &integer)| *value += along * quantized_value(integer, scale));
        }
    }
    samples
}

fn normal(count: usize) -> Vec<f32> {
    let random = Pcg64Mcg::seed_from_u64(SEED ^ count as u64);
    random.sample_iter(StandardNormal).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of statistics have those statistics again.
    #[test]
    fn samples_are_as_measured() {
        let (width, count) = (24, 20_000);
        let mut seen = normal(count * width);
        for row in seen.chunks_exact_mut(width) {
            let shared = row[0];
            for (at, value) in row.iter_mut().enumerate() {
                *value = 2.0 * at as f32 + 0.5 * *value + if at % 2 == 0 { 3.0 * shared } else { 0.0 };
            }
        }
        let found = measure(&seen, width);
        let again = measure(&sample(&found, count), width);
        for at in 0..width {
            assert!((found.mean[at] - again.mean[at]).abs() < 0.1, "{at}");
            assert!((found.median[at] - again.median[at]).abs() < 0.1, "{at}");
        }
        let covariance = |statistics: &EmbeddingStatistics, a: usize, b: usize| -> f32 {
            let rows = statistics.directions.chunks_exact(width).zip(&statistics.direction_scale);
            let along = rows.map(|(row, scale)| f32::from(row[a]) * f32::from(row[b]) * scale * scale);
            along.sum::<f32>() + if a == b { statistics.deviation[a].powi(2) } else { 0.0 }
        };
        for (a, b) in [(2, 4), (2, 2), (3, 3), (1, 2), (6, 20)] {
            let (one, other) = (covariance(&found, a, b), covariance(&again, a, b));
            assert!((one - other).abs() < 0.4, "{a} {b}: {one} {other}");
        }
        assert!((covariance(&found, 2, 4) - 9.0).abs() < 0.6, "{}", covariance(&found, 2, 4));
    }

    #[test]
    fn few_or_equal_rows_have_statistics_too() {
        let found = measure(&[1.0, 2.0, 1.0, 2.0], 2);
        assert_eq!(
            (found.mean, found.median, found.deviation),
            (vec![1.0, 2.0], vec![1.0, 2.0], vec![0.0; 2])
        );
        assert!(found.directions.iter().all(|integer| *integer == 0));
    }
}

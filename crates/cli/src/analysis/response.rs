use dabnet_binarize::{FilterStatistics, Scheme};

use super::{convolution::Map, stage::Scene};

/// What one filter answers to a sketch: with its real weights, under `sign`, under `dab`.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub answers: [Map; 3],
}

impl Response {
    pub(super) fn new(scene: &Scene, weights: &[f32], statistics: &FilterStatistics) -> Self {
        let under = |scheme| {
            let split = &statistics.fit(scheme).split;
            let values: Vec<f32> = weights.iter().map(|&weight| split.value(weight)).collect();
            scene.answer(&values)
        };
        Self { answers: [scene.answer(weights), under(Scheme::Sign), under(Scheme::Dab)] }
    }

    /// How alike the answers under `sign` and `dab` are to the real ones.
    pub(super) fn correlations(&self) -> [Option<f64>; 2] {
        let [real, sign, dab] = &self.answers;
        [sign, dab].map(|other| correlation(&real.values, &other.values))
    }
}

/// What all filters of a layer answer, one number a position.
#[derive(Clone, Debug)]
pub(super) struct Responses {
    /// Positions a filter answers at.
    pub positions: usize,
    /// With real weights, under `sign`, under `dab`.
    pub values: [Vec<f32>; 3],
}

impl Responses {
    /// Of all the filters of a layer, in order.
    pub(super) fn of(responses: impl IntoIterator<Item = Response>) -> Self {
        let mut all = Self { positions: 0, values: Default::default() };
        for response in responses {
            all.positions = response.answers[0].positions();
            for (values, answer) in all.values.iter_mut().zip(response.answers) {
                values.extend(answer.values);
            }
        }
        all
    }

    pub(super) fn correlations(&self) -> [Option<f64>; 2] {
        let [real, sign, dab] = &self.values;
        [sign, dab].map(|other| correlation(real, other))
    }
}

/// Pearson's correlation; none where either never changes.
pub(super) fn correlation(a: &[f32], b: &[f32]) -> Option<f64> {
    let count = a.len().min(b.len()) as f64;
    let mean = |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut product, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        product += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    (square_a > 0.0 && square_b > 0.0).then(|| product / (square_a * square_b).sqrt())
}

#[cfg(test)]
mod tests {
    use super::correlation;

    #[test]
    fn correlation_knows_no_scale() {
        let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-12;
        assert!(close(correlation(&[1.0, 2.0, 4.0], &[10.0, 20.0, 40.0]), 1.0));
        assert!(close(correlation(&[1.0, 2.0], &[5.0, -5.0]), -1.0));
        assert_eq!(correlation(&[1.0, 2.0], &[3.0, 3.0]), None);
        assert_eq!(correlation(&[], &[]), None);
    }
}

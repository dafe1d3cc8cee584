use dabnet_binarize::{FilterStatistics, Scheme};

use super::{convolution::FeatureMap, probe::FilterInput};

/// Responses of one filter to a sketch: with its real weights, under `sign`, under `dab`.
#[derive(Clone, Debug)]
pub(super) struct FilterResponse {
    pub(super) maps: [FeatureMap; 3],
}

impl FilterResponse {
    /// Applies a filter to its input under each scheme.
    pub(super) fn new(input: &FilterInput, weights: &[f32], statistics: &FilterStatistics) -> Self {
        let under = |scheme| {
            let split = &statistics.fit(scheme).split;
            let values: Vec<f32> = weights.iter().map(|&weight| split.value(weight)).collect();
            input.convolve(&values)
        };
        Self { maps: [input.convolve(weights), under(Scheme::Sign), under(Scheme::Dab)] }
    }

    /// Correlations of the responses under `sign` and `dab` with the real ones.
    pub(super) fn correlations(&self) -> [Option<f64>; 2] {
        let [real, sign, dab] = &self.maps;
        [sign, dab].map(|other| correlation(&real.values, &other.values))
    }
}

/// Responses of all filters of a layer, one number per position.
#[derive(Clone, Debug)]
pub(super) struct LayerResponses {
    /// Positions per filter.
    pub(super) positions: usize,
    /// With real weights, under `sign`, under `dab`.
    pub(super) values: [Vec<f32>; 3],
}

impl LayerResponses {
    /// Joins the responses of all filters of a layer, in order.
    pub(super) fn of(responses: impl IntoIterator<Item = FilterResponse>) -> Self {
        let mut all = Self { positions: 0, values: Default::default() };
        for response in responses {
            all.positions = response.maps[0].positions();
            for (values, map) in all.values.iter_mut().zip(response.maps) {
                values.extend(map.values);
            }
        }
        all
    }

    /// Correlations of the responses under `sign` and `dab` with the real ones.
    pub(super) fn correlations(&self) -> [Option<f64>; 2] {
        let [real, sign, dab] = &self.values;
        [sign, dab].map(|other| correlation(real, other))
    }
}

/// Pearson's correlation; none where either is constant.
fn correlation(a: &[f32], b: &[f32]) -> Option<f64> {
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

/// A class with its logit and probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Index of the class.
    pub class: usize,
    /// Logit of the class.
    pub logit: f32,
    /// Softmax probability of the class.
    pub probability: f32,
}

/// Returns the `k` most probable classes in descending order; ties go to the lower index.
///
/// ```
/// let predictions = dabnet_engine::top(&[1.0, 3.0, 2.0], 2);
/// assert_eq!(predictions.iter().map(|it| it.class).collect::<Vec<_>>(), [1, 2]);
/// ```
pub fn top(logits: &[f32], k: usize) -> Vec<Prediction> {
    let mut predictions: Vec<_> = logits
        .iter()
        .zip(softmax(logits))
        .enumerate()
        .map(|(class, (&logit, probability))| Prediction { class, logit, probability })
        .collect();
    predictions.sort_by(|a, b| b.logit.total_cmp(&a.logit));
    predictions.truncate(k);
    predictions
}

/// Returns the softmax of `logits`.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|logit| (logit - max).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_is_sorted_and_sums_to_one() {
        let all = top(&[1.0, 3.0, 3.0, -200.0], 9);
        assert_eq!(all.iter().map(|each| each.class).collect::<Vec<_>>(), [1, 2, 0, 3]);
        assert!((all.iter().map(|each| each.probability).sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(top(&[1.0, 3.0, 3.0], 1).len(), 1);
        assert!(softmax(&[1e30, -1e30]).iter().all(|p| p.is_finite()));
    }
}

/// A class and how likely a network finds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Index of the class: of its label and its logit.
    pub class: usize,
    /// Its logit.
    pub logit: f32,
    /// Its share of the softmax over all classes.
    pub probability: f32,
}

/// The `k` likeliest classes, the likeliest first, the lower index first among equals.
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

/// The softmax of `logits`.
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

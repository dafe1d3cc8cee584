use std::cmp::Ordering;

use crate::{EngineError, Session};

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

/// Log-softmax of `logits / temperature`, in double precision.
pub fn log_softmax(logits: &[f32], temperature: f64) -> impl Iterator<Item = f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let relative = move |logit: f32| (f64::from(logit) - f64::from(largest)) / temperature;
    let total = logits.iter().map(|&logit| relative(logit).exp()).sum::<f64>().ln();
    logits.iter().map(move |&logit| relative(logit) - total)
}

/// Number of classes before `label` in the order of [`top`], with all logits before it that are not numbers; none if
/// its own is not a number.
pub fn rank(logits: &[f32], label: usize) -> Option<usize> {
    let own = logits[label];
    let is_before = |(class, other): &(usize, &f32)| match other.total_cmp(&own) {
        _ if other.is_nan() => true,
        Ordering::Greater => true,
        Ordering::Equal => *class < label,
        Ordering::Less => false,
    };
    (!own.is_nan()).then(|| logits.iter().enumerate().filter(is_before).count())
}

/// Mean over several views of a drawing of their log-softmax: logits that stand for all of them.
///
/// As long as the shortest view; empty without views.
pub fn average_log_probabilities(logits: &[Vec<f32>]) -> Vec<f32> {
    let classes = logits.iter().map(Vec::len).min().unwrap_or(0);
    let mut sums = vec![0.0f64; classes];
    for view in logits {
        let largest = view.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f64 = view.iter().map(|logit| f64::from(logit - largest).exp()).sum();
        // Less the largest first: where it is huge, the logarithm would be lost beside it.
        sums.iter_mut().zip(view).for_each(|(sum, logit)| *sum += f64::from(logit - largest) - total.ln());
    }
    sums.into_iter().map(|sum| (sum / logits.len() as f64) as f32).collect()
}

/// Logits of the views of one drawing: those of a single view as they are, those of several averaged by
/// [`average_log_probabilities`].
///
/// # Errors
/// [`EngineError`] if a view is not an input of the model.
pub fn run_views(session: &mut Session, views: &[Vec<f32>]) -> Result<Vec<f32>, EngineError> {
    let rows = views.iter().map(|view| Ok(session.run(view)?.to_vec()));
    let mut rows = rows.collect::<Result<Vec<_>, EngineError>>()?;
    Ok(if rows.len() == 1 { rows.remove(0) } else { average_log_probabilities(&rows) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn top_is_sorted_and_sums_to_one() {
        let all = top(&[1.0, 3.0, 3.0, -200.0], 9);
        assert_eq!(all.iter().map(|each| each.class).collect::<Vec<_>>(), [1, 2, 0, 3]);
        assert!((all.iter().map(|each| each.probability).sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(top(&[1.0, 3.0, 3.0], 1).len(), 1);
        assert!(softmax(&[1e30, -1e30]).iter().all(|p| p.is_finite()));
    }

    #[test]
    fn of_equal_logits_the_first_comes_first() {
        assert_eq!([0, 1, 2].map(|label| rank(&[1.0, 1.0, 2.0], label)), [1, 2, 0].map(Some));
        let none = [f32::NAN; 2];
        assert_eq!([0, 1].map(|label| rank(&none, label)), [None; 2]);
        // What is not a number is before all that are.
        assert_eq!(rank(&[1.0, f32::NAN], 0), Some(1));
    }

    #[test]
    fn log_probabilities_by_hand() {
        // Softmax of [0, ln 3] is [1/4, 3/4], that of [0, 0] is [1/2, 1/2].
        let mean = average_log_probabilities(&[vec![0.0, 3f32.ln()], vec![7.0, 7.0]]);
        let expected = [0.125f32.ln() / 2.0, 0.375f32.ln() / 2.0];
        assert!(mean.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{mean:?}");
        assert!(average_log_probabilities(&[]).is_empty());
        let large = average_log_probabilities(&[vec![1e30, 1e30]]);
        assert!(large.iter().all(|value| (value + 2f32.ln()).abs() < 1e-6), "{large:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn one_view_is_a_distribution(logits in prop::collection::vec(-80f32..80.0, 1..20)) {
            let sum: f32 = average_log_probabilities(&[logits]).iter().map(|log| log.exp()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-4);
        }

        #[test]
        fn a_shift_of_logits_changes_nothing(logits in prop::collection::vec(-9f32..9.0, 1..9), by in -9f32..9.0) {
            let shifted: Vec<f32> = logits.iter().map(|logit| logit + by).collect();
            let (a, b) = (average_log_probabilities(&[logits]), average_log_probabilities(&[shifted]));
            prop_assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4));
        }
    }
}

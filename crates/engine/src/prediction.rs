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

/// Energy of logits: the logarithm of the sum of their exponentials. It is high where a network finds what it knows, and
/// low for what it has never seen (Liu et al., *Energy-based Out-of-distribution Detection*, NeurIPS 2020, with the
/// opposite sign).
///
/// ```
/// assert_eq!(dabnet_engine::energy(&[1000.0, 1000.0]), 1000.0 + 2f32.ln());
/// ```
pub fn energy(logits: &[f32]) -> f32 {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    max + logits.iter().map(|logit| (logit - max).exp()).sum::<f32>().ln()
}

/// Mean of the logits of several views of a drawing. Its softmax is that of the mean of their log-probabilities.
///
/// As long as the shortest view; empty without views.
pub fn average_logits(logits: &[Vec<f32>]) -> Vec<f32> {
    let classes = logits.iter().map(Vec::len).min().unwrap_or(0);
    let mean =
        |class: usize| logits.iter().map(|view| f64::from(view[class])).sum::<f64>() / logits.len() as f64;
    (0..classes).map(|class| mean(class) as f32).collect()
}

/// Logits of the views of one drawing: those of a single view as they are, those of several by [`average_logits`].
///
/// # Errors
/// [`EngineError`] if a view is not an input of the model.
pub fn run_views(session: &mut Session, views: &[Vec<f32>]) -> Result<Vec<f32>, EngineError> {
    let rows = views.iter().map(|view| Ok(session.run(view)?.to_vec()));
    let mut rows = rows.collect::<Result<Vec<_>, EngineError>>()?;
    Ok(if rows.len() == 1 { rows.remove(0) } else { average_logits(&rows) })
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
    fn the_energy_of_no_logit_that_counts_is_that_of_the_rest() {
        assert_eq!(energy(&[3.0]), 3.0);
        assert_eq!(energy(&[3.0, f32::NEG_INFINITY]), 3.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        /// What published networks are tested with: the softmax of the mean of log-probabilities.
        #[test]
        fn the_mean_of_logits_stands_for_that_of_log_probabilities(
            views in (1..9_usize).prop_flat_map(|classes| {
                prop::collection::vec(prop::collection::vec(-40f32..40.0, classes), 1..9)
            }),
        ) {
            let found = softmax(&average_logits(&views));
            let mean = |class| views.iter().map(|view| log_softmax(view, 1.0).nth(class).unwrap()).sum::<f64>();
            let expected: Vec<f32> = (0..found.len()).map(|class| (mean(class) / views.len() as f64) as f32).collect();
            prop_assert!(found.iter().zip(softmax(&expected)).all(|(a, b)| (a - b).abs() < 1e-4));
        }

        #[test]
        fn a_shift_of_logits_changes_the_energy_alone(logits in prop::collection::vec(-9f32..9.0, 1..9), by in -9f32..9.0) {
            let shifted: Vec<f32> = logits.iter().map(|logit| logit + by).collect();
            let is_close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
            prop_assert!(softmax(&logits).iter().zip(&softmax(&shifted)).all(is_close));
            prop_assert!((energy(&shifted) - energy(&logits) - by).abs() < 1e-4);
        }
    }
}

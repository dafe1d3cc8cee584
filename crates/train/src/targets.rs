use dabnet_engine::{log_softmax, rank};

/// Targets of a batch: labels and the answers of teachers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchTargets<'a> {
    /// Label of each example; `None` for examples that only teachers answer to.
    pub labels: &'a [Option<usize>],
    /// Probability mass that goes to all labels alike.
    pub label_smoothing: f32,
    /// Answers of the teachers, if there are any.
    pub teachers: Option<TeacherTargets<'a>>,
}

/// Answers of teachers for a batch, and how they are weighted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TeacherTargets<'a> {
    /// Logits of each teacher, one row of the student's classes per example.
    pub logits: &'a [Vec<f32>],
    /// Their share of the loss of an example that has a label.
    pub weight: f32,
    /// Distillation temperature: divisor of student and teacher logits.
    pub temperature: f32,
    /// True if a teacher's answers for the label and for its own first choice are swapped.
    pub corrected: bool,
}

impl BatchTargets<'_> {
    /// Returns the mean loss over the examples, and its gradient with respect to `logits`, one row per
    /// example: `(1 − w) · CE + w · T² · KL(teachers ‖ student)`, where `w` is 1 for examples without a label
    /// and the teachers' answer is the mean of their probabilities at temperature `T`.
    pub(crate) fn loss_and_gradient(&self, logits: &[f32]) -> (f32, Vec<f32>) {
        let count = self.labels.len();
        let classes = logits.len() / count;
        let scale = 1.0 / count as f64;
        let mut loss = 0.0;
        let mut gradient = Vec::with_capacity(logits.len());
        for (example, (row, &label)) in logits.chunks_exact(classes).zip(self.labels).enumerate() {
            let mut slopes = vec![0.0; classes];
            let taught = self.teachers.map_or(0.0, |teachers| f64::from(teachers.weight));
            let taught = label.map_or(1.0, |_| taught);
            if let Some(label) = label {
                loss += self.cross_entropy(row, label, 1.0 - taught, &mut slopes);
            }
            if let Some(teachers) = &self.teachers {
                let answers = teachers.logits.iter().map(|logits| &logits[example * classes..][..classes]);
                let label = label.filter(|_| teachers.corrected);
                loss += teachers.divergence(row, answers, label, taught, &mut slopes);
            }
            gradient.extend(slopes.iter().map(|slope| (slope * scale) as f32));
        }
        ((loss * scale) as f32, gradient)
    }

    /// Number of examples classified correctly, of those that have a label.
    pub(crate) fn count_correct(&self, logits: &[f32]) -> usize {
        let rows = logits.chunks(logits.len() / self.labels.len());
        rows.zip(self.labels)
            .filter(|(row, label)| label.is_some_and(|label| rank(row, label) == Some(0)))
            .count()
    }

    /// `weight` times the cross entropy of one row; adds its gradient to `slopes`.
    fn cross_entropy(&self, row: &[f32], label: usize, weight: f64, slopes: &mut [f64]) -> f64 {
        let smoothing = f64::from(self.label_smoothing);
        let even = smoothing / row.len() as f64;
        let mut loss = 0.0;
        for (class, (slope, log)) in slopes.iter_mut().zip(log_softmax(row, 1.0)).enumerate() {
            let target = if class == label { 1.0 - smoothing + even } else { even };
            loss -= target * log;
            *slope += weight * (log.exp() - target);
        }
        weight * loss
    }
}

impl TeacherTargets<'_> {
    /// `w · T² · KL(teachers ‖ student)` of one row, with the teachers corrected by the label if given; adds
    /// its gradient to `slopes`.
    fn divergence<'t>(
        &self,
        row: &[f32],
        answers: impl Iterator<Item = &'t [f32]>,
        label: Option<usize>,
        weight: f64,
        slopes: &mut [f64],
    ) -> f64 {
        let temperature = f64::from(self.temperature);
        let student = log_softmax(row, temperature);
        let mut teacher = mean_log(answers, temperature);
        if let Some(label) = label {
            let first = (0..teacher.len()).max_by(|a, b| teacher[*a].total_cmp(&teacher[*b]));
            teacher.swap(label, first.unwrap_or(label));
        }
        let mut divergence = 0.0;
        for ((slope, student), teacher) in slopes.iter_mut().zip(student).zip(teacher) {
            divergence += teacher.exp() * (teacher - student);
            *slope += weight * temperature * (student.exp() - teacher.exp());
        }
        weight * temperature * temperature * divergence
    }
}

/// Logarithm of the mean probabilities over several rows of logits.
fn mean_log<'t>(rows: impl Iterator<Item = &'t [f32]>, temperature: f64) -> Vec<f64> {
    let rows: Vec<Vec<f64>> = rows.map(|row| log_softmax(row, temperature).collect()).collect();
    let [first, others @ ..] = &rows[..] else { return Vec::new() };
    if others.is_empty() {
        return first.clone();
    }
    let mean = |class: usize| {
        let largest = rows.iter().map(|row| row[class]).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = rows.iter().map(|row| (row[class] - largest).exp()).sum();
        largest + (total / rows.len() as f64).ln()
    };
    (0..first.len()).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_logits_the_first_is_the_answer() {
        let targets = BatchTargets { labels: &[Some(1), Some(0)], label_smoothing: 0.0, teachers: None };
        assert_eq!(targets.count_correct(&[0.0, 0.0, 0.0, 0.0]), 1);
    }

    const LOGITS: [f32; 6] = [0.3, -1.2, 2.0, 0.1, 0.7, -0.4];
    const ANSWERS: [f32; 6] = [1.5, 0.2, -0.3, -2.0, 0.5, 1.0];

    fn targets(answers: &[Vec<f32>], label_smoothing: f32, weight: Option<f32>) -> BatchTargets<'_> {
        let teachers =
            |weight| TeacherTargets { logits: answers, weight, temperature: 2.5, corrected: false };
        BatchTargets { labels: &[Some(2), Some(0)], label_smoothing, teachers: weight.map(teachers) }
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let one = [ANSWERS.to_vec()];
        let two = [ANSWERS.to_vec(), LOGITS.iter().map(|logit| logit * logit).collect()];
        let teachers = TeacherTargets { logits: &two, weight: 0.7, temperature: 2.5, corrected: true };
        let corrected = BatchTargets { teachers: Some(teachers), ..targets(&two, 0.1, None) };
        let unlabelled = BatchTargets { labels: &[Some(2), None], ..targets(&two, 0.1, Some(0.3)) };
        for targets in [
            targets(&one, 0.0, None),
            targets(&one, 0.1, None),
            targets(&one, 0.1, Some(0.3)),
            corrected,
            targets(&two, 0.1, Some(0.3)),
            targets(&one, 0.0, Some(1.0)),
            unlabelled,
        ] {
            let (_, gradient) = targets.loss_and_gradient(&LOGITS);
            for (at, &slope) in gradient.iter().enumerate() {
                let step = 1e-2;
                let loss = |by: f32| {
                    let mut logits = LOGITS;
                    logits[at] += by;
                    targets.loss_and_gradient(&logits).0
                };
                let measured = (loss(step) - loss(-step)) / (2.0 * step);
                assert!((measured - slope).abs() < 1e-4, "{targets:?} {at}: {measured}, not {slope}");
            }
        }
    }

    #[test]
    fn cross_entropy_is_as_by_hand() {
        let targets = BatchTargets { labels: &[Some(0)], label_smoothing: 0.0, teachers: None };
        let (loss, gradient) = targets.loss_and_gradient(&[0.0, 3.0_f32.ln()]);
        assert!((loss - 4.0_f32.ln()).abs() < 1e-6);
        assert!((gradient[0] + 0.75).abs() < 1e-6 && (gradient[1] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn a_teacher_alone_is_met_where_both_say_the_same() {
        let answers = [ANSWERS.to_vec()];
        let (loss, gradient) = targets(&answers, 0.1, Some(1.0)).loss_and_gradient(&ANSWERS);
        assert!(loss.abs() < 1e-6 && gradient.iter().all(|slope| slope.abs() < 1e-6));
    }

    /// A teacher that ranks the second label first, with the first one correct, has both answers swapped.
    #[test]
    fn a_corrected_teacher_is_one_with_two_answers_exchanged() {
        let loss = |answers: [f32; 3], corrected| {
            let logits = [answers.to_vec()];
            let teachers = Some(TeacherTargets { logits: &logits, weight: 0.8, temperature: 2.0, corrected });
            let targets = BatchTargets { labels: &[Some(0)], label_smoothing: 0.0, teachers };
            targets.loss_and_gradient(&[0.2, -0.1, 0.4])
        };
        assert_eq!(loss([0.5, 3.0, -1.0], true), loss([3.0, 0.5, -1.0], false));
        assert_eq!(loss([3.0, 0.5, -1.0], true), loss([3.0, 0.5, -1.0], false));
        assert_ne!(loss([0.5, 3.0, -1.0], true), loss([0.5, 3.0, -1.0], false));
    }

    #[test]
    fn large_logits_stay_finite() {
        let targets = BatchTargets { labels: &[Some(1)], label_smoothing: 0.1, teachers: None };
        let (loss, gradient) = targets.loss_and_gradient(&[1e30, -1e30]);
        assert!(loss.is_finite() && gradient.iter().all(|slope| slope.is_finite()));
    }

    /// Mean of two teachers' probabilities, and the loss, computed by hand.
    #[test]
    fn several_teachers_say_the_mean_of_their_probabilities() {
        let (a, b, student) = ([1.0, 0.0, -2.0], [0.5, 3.0, 0.0], [0.2, -0.1, 0.4]);
        let temperature = 2.0_f64;
        let softmax = |row: &[f32; 3]| {
            let powers = row.map(|logit| (f64::from(logit) / temperature).exp());
            powers.map(|power| power / powers.iter().sum::<f64>())
        };
        let (a_says, b_says, says) = (softmax(&a), softmax(&b), softmax(&student));
        let mean = [0, 1, 2].map(|class| f64::midpoint(a_says[class], b_says[class]));
        let divergence: f64 = mean.iter().zip(says).map(|(p, q)| p * (p / q).ln()).sum();
        let cross_entropy = {
            let powers = student.map(|logit| f64::from(logit).exp());
            -(powers[1] / powers.iter().sum::<f64>()).ln()
        };
        let logits = [a.to_vec(), b.to_vec()];
        let teachers =
            Some(TeacherTargets { logits: &logits, weight: 0.25, temperature: 2.0, corrected: false });
        let loss = |labels: &[Option<usize>]| {
            let targets = BatchTargets { labels, label_smoothing: 0.0, teachers };
            f64::from(targets.loss_and_gradient(&student).0)
        };
        let by_hand = 0.75 * cross_entropy + 0.25 * 4.0 * divergence;
        assert!((loss(&[Some(1)]) - by_hand).abs() < 1e-6);
        assert!((loss(&[None]) - 4.0 * divergence).abs() < 1e-6);
    }
}

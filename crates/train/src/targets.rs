/// What a network should have answered to the examples of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets<'a> {
    /// The right label of each.
    pub labels: &'a [usize],
    /// Probability mass that goes to all labels alike.
    pub label_smoothing: f32,
    /// What a teacher answered, where there is one.
    pub teacher: Option<TeacherTargets<'a>>,
}

/// What a teacher answered to the examples of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TeacherTargets<'a> {
    /// As many as the student's.
    pub logits: &'a [f32],
    /// Its share of the loss.
    pub weight: f32,
    /// What both sides' logits are divided by.
    pub temperature: f32,
}

impl Targets<'_> {
    /// The mean loss over the examples, whose rows of `logits` follow each other, and its gradient with
    /// respect to them: `(1 − w) · CE + w · T² · KL(teacher ‖ student)`.
    pub(crate) fn loss_and_gradient(&self, logits: &[f32]) -> (f32, Vec<f32>) {
        let count = self.labels.len();
        let classes = logits.len() / count;
        let scale = 1.0 / count as f64;
        let mut loss = 0.0;
        let mut gradient = Vec::with_capacity(logits.len());
        for (example, (row, &label)) in logits.chunks_exact(classes).zip(self.labels).enumerate() {
            let mut slopes = vec![0.0; classes];
            let taught = self.teacher.map_or(0.0, |teacher| f64::from(teacher.weight));
            loss += self.cross_entropy(row, label, 1.0 - taught, &mut slopes);
            if let Some(teacher) = &self.teacher {
                let answers = &teacher.logits[example * classes..][..classes];
                loss += teacher.divergence(row, answers, &mut slopes);
            }
            gradient.extend(slopes.iter().map(|slope| (slope * scale) as f32));
        }
        ((loss * scale) as f32, gradient)
    }

    /// How many examples of which `logits` has a row each are labelled right.
    pub(crate) fn count_correct(&self, logits: &[f32]) -> usize {
        let rows = logits.chunks(logits.len() / self.labels.len());
        rows.zip(self.labels).filter(|(row, label)| rank(row, **label) == Some(0)).count()
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
    /// `w · T² · KL(teacher ‖ student)` of one row; adds its gradient to `slopes`.
    fn divergence(&self, row: &[f32], answers: &[f32], slopes: &mut [f64]) -> f64 {
        let (weight, temperature) = (f64::from(self.weight), f64::from(self.temperature));
        let student = log_softmax(row, temperature);
        let mut divergence = 0.0;
        for ((slope, student), teacher) in
            slopes.iter_mut().zip(student).zip(log_softmax(answers, temperature))
        {
            divergence += teacher.exp() * (teacher - student);
            *slope += weight * temperature * (student.exp() - teacher.exp());
        }
        weight * temperature * temperature * divergence
    }
}

/// Logarithms of the probabilities that `logits / temperature` stand for.
fn log_softmax(logits: &[f32], temperature: f64) -> impl Iterator<Item = f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let relative = move |logit: f32| (f64::from(logit) - f64::from(largest)) / temperature;
    let total = logits.iter().map(|&logit| relative(logit).exp()).sum::<f64>().ln();
    logits.iter().map(move |&logit| relative(logit) - total)
}

/// How many labels an answer puts before one: those of greater logits, and of equal logits the earlier. None where
/// the logit of the label is not a number.
pub(crate) fn rank(row: &[f32], label: usize) -> Option<usize> {
    let logit = row[label];
    let before = row[..label].iter().filter(|&&other| logit > other);
    let after = row[label + 1..].iter().filter(|&&other| logit >= other);
    (!logit.is_nan()).then(|| row.len() - 1 - before.count() - after.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_logits_the_first_comes_first() {
        assert_eq!([0, 1, 2].map(|label| rank(&[1.0, 1.0, 2.0], label)), [1, 2, 0].map(Some));
        let none = [f32::NAN; 2];
        assert_eq!([0, 1].map(|label| rank(&none, label)), [None; 2]);
        // What is not a number is before all that are.
        assert_eq!(rank(&[1.0, f32::NAN], 0), Some(1));
        let targets = Targets { labels: &[1, 0], label_smoothing: 0.0, teacher: None };
        assert_eq!(targets.count_correct(&[0.0, 0.0, 0.0, 0.0]), 1);
    }

    const LOGITS: [f32; 6] = [0.3, -1.2, 2.0, 0.1, 0.7, -0.4];
    const ANSWERS: [f32; 6] = [1.5, 0.2, -0.3, -2.0, 0.5, 1.0];

    fn targets(label_smoothing: f32, weight: Option<f32>) -> Targets<'static> {
        let teacher = |weight| TeacherTargets { logits: &ANSWERS, weight, temperature: 2.5 };
        Targets { labels: &[2, 0], label_smoothing, teacher: weight.map(teacher) }
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        for targets in
            [targets(0.0, None), targets(0.1, None), targets(0.1, Some(0.3)), targets(0.0, Some(1.0))]
        {
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
        let targets = Targets { labels: &[0], label_smoothing: 0.0, teacher: None };
        let (loss, gradient) = targets.loss_and_gradient(&[0.0, 3.0_f32.ln()]);
        assert!((loss - 4.0_f32.ln()).abs() < 1e-6);
        assert!((gradient[0] + 0.75).abs() < 1e-6 && (gradient[1] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn a_teacher_alone_is_met_where_both_say_the_same() {
        let (loss, gradient) = targets(0.1, Some(1.0)).loss_and_gradient(&ANSWERS);
        assert!(loss.abs() < 1e-6 && gradient.iter().all(|slope| slope.abs() < 1e-6));
    }

    #[test]
    fn large_logits_stay_finite() {
        let targets = Targets { labels: &[1], label_smoothing: 0.1, teacher: None };
        let (loss, gradient) = targets.loss_and_gradient(&[1e30, -1e30]);
        assert!(loss.is_finite() && gradient.iter().all(|slope| slope.is_finite()));
    }
}

use crate::{log_softmax, rank, top};

/// Accuracy, confusion and loss of a network's answers to labeled examples, counted batch by batch.
///
/// ```
/// use dabnet_engine::Evaluation;
///
/// let mut evaluation = Evaluation::new(3);
/// evaluation.add_batch(&[2.0, 1.0, 0.0, 0.5, 0.0, 1.0], &[0, 0]);
/// assert_eq!((evaluation.count(), evaluation.top1(), evaluation.top5()), (2, 0.5, 1.0));
/// assert_eq!(evaluation.confusion()[0], [1, 0, 1]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    confusion: Vec<Vec<u32>>,
    count: usize,
    top1: usize,
    top5: usize,
    /// Sum over examples.
    loss: f64,
    reliability: [ConfidenceBin; BINS],
}

/// Equal ranges of confidence.
const BINS: usize = 15;

/// Examples whose first answer had a probability in one range.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConfidenceBin {
    /// Number of examples.
    pub count: usize,
    /// Number of those whose first answer is right.
    pub right: usize,
    /// Sum of the probabilities of their first answers.
    pub confidence: f64,
}

impl Evaluation {
    /// An evaluation without examples yet.
    pub fn new(classes: usize) -> Self {
        Self {
            confusion: vec![vec![0; classes]; classes],
            count: 0,
            top1: 0,
            top5: 0,
            loss: 0.0,
            reliability: Default::default(),
        }
    }

    /// Adds examples whose rows of `logits` follow one another. A label whose logit is not a number counts as
    /// wrong.
    ///
    /// # Panics
    /// If a label is not below the number of classes, or there are not as many rows as labels.
    pub fn add_batch(&mut self, logits: &[f32], labels: &[usize]) {
        let classes = self.confusion.len();
        assert_eq!(logits.len(), classes * labels.len(), "a row of logits for every label");
        let mut loss = 0.0;
        for (row, &label) in logits.chunks_exact(classes).zip(labels) {
            let rank = rank(row, label);
            self.top1 += usize::from(rank == Some(0));
            self.top5 += usize::from(rank.is_some_and(|rank| rank < 5));
            let first = top(row, 1)[0];
            self.confusion[label][first.class] += 1;
            self.add_confidence(f64::from(first.probability), rank == Some(0));
            loss -= log_softmax(row, 1.0).nth(label).unwrap_or(f64::NAN);
        }
        self.count += labels.len();
        // As training states the loss of a batch: its mean in single precision.
        let mean = (loss * (1.0 / labels.len().max(1) as f64)) as f32;
        self.loss += f64::from(mean) * labels.len() as f64;
    }

    fn add_confidence(&mut self, confidence: f64, is_right: bool) {
        let bin = (confidence * BINS as f64) as usize;
        let bin = &mut self.reliability[bin.min(BINS - 1)];
        bin.count += 1;
        bin.right += usize::from(is_right);
        bin.confidence += confidence;
    }

    /// Examples by the probability of their first answer, in 15 equal ranges from 0 to 1.
    pub fn reliability(&self) -> &[ConfidenceBin] {
        &self.reliability
    }

    /// Expected calibration error: the mean distance between the probability of first answers and the share of them that is
    /// right, over the ranges of [`reliability`](Self::reliability) (Naeini et al., AAAI 2015); 0 without examples.
    pub fn calibration_error(&self) -> f64 {
        let distance = |bin: &ConfidenceBin| (bin.confidence - bin.right as f64).abs();
        self.reliability.iter().map(distance).sum::<f64>() / self.count.max(1) as f64
    }

    /// Number of examples.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Share of examples whose first answer is right; 0 without examples.
    pub fn top1(&self) -> f64 {
        self.share(self.top1)
    }

    /// Share of examples with the right label among the first five answers; 0 without examples.
    pub fn top5(&self) -> f64 {
        self.share(self.top5)
    }

    /// Mean cross entropy; 0 without examples.
    pub fn loss(&self) -> f64 {
        self.loss / self.count.max(1) as f64
    }

    /// `confusion[label][answer]`: examples of a label that were given an answer.
    pub fn confusion(&self) -> &[Vec<u32>] {
        &self.confusion
    }

    fn share(&self, count: usize) -> f64 {
        count as f64 / self.count.max(1) as f64
    }
}

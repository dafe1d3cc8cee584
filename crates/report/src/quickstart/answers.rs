use dabnet_engine::Prediction;

use super::{NetworkReport, TestSketch};

/// First answers of one network to all test sketches, in their order.
#[derive(Debug)]
pub(super) struct NetworkAnswers(Vec<TestAnswer>);

/// First answer of a network to one test sketch.
#[derive(Clone, Copy, Debug)]
pub(super) struct TestAnswer {
    /// Index of the test sketch.
    pub(super) index: usize,
    /// Index of the right label.
    pub(super) label: usize,
    pub(super) prediction: Prediction,
}

impl TestAnswer {
    pub(super) fn is_right(&self) -> bool {
        self.prediction.class == self.label
    }
}

impl NetworkAnswers {
    pub(super) fn new(network: &NetworkReport, test: &[TestSketch]) -> Self {
        let answers = network.answers.iter().zip(test).enumerate();
        let answer = |(index, (&prediction, sketch)): (usize, (&Prediction, &TestSketch))| TestAnswer {
            index,
            label: sketch.label,
            prediction,
        };
        Self(answers.map(answer).collect())
    }

    pub(super) fn get(&self, index: usize) -> Option<&TestAnswer> {
        self.0.iter().find(|answer| answer.index == index)
    }

    /// Number of right answers.
    pub(super) fn right(&self) -> usize {
        self.0.iter().filter(|answer| answer.is_right()).count()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Numbers of sketches that only `self` labels right, and that only `other` does.
    pub(super) fn right_alone(&self, other: &Self) -> (usize, usize) {
        let pairs = || self.0.iter().zip(&other.0).map(|(a, b)| (a.is_right(), b.is_right()));
        (
            pairs().filter(|pair| *pair == (true, false)).count(),
            pairs().filter(|pair| *pair == (false, true)).count(),
        )
    }

    /// The most confident wrong answer to each word, the most confident first.
    pub(super) fn surest_mistakes(&self) -> Vec<TestAnswer> {
        let mut wrong: Vec<TestAnswer> = self.0.iter().copied().filter(|answer| !answer.is_right()).collect();
        wrong.sort_by(|a, b| b.prediction.probability.total_cmp(&a.prediction.probability));
        let mut seen = std::collections::HashSet::new();
        wrong.retain(|answer| seen.insert(answer.label));
        wrong
    }

    #[cfg(test)]
    pub(super) fn of(pairs: &[(usize, usize, f32)]) -> Self {
        let answer = |(index, &(label, class, probability)): (usize, &(usize, usize, f32))| TestAnswer {
            index,
            label,
            prediction: Prediction { class, logit: probability, probability },
        };
        Self(pairs.iter().enumerate().map(answer).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::NetworkAnswers;

    #[test]
    fn mistakes_come_surest_first_and_once_a_word() {
        let answers = NetworkAnswers::of(&[(0, 0, 1.0), (0, 1, 0.5), (0, 2, 0.9), (1, 0, 0.6)]);
        assert_eq!((answers.right(), answers.len()), (1, 4));
        assert_eq!(answers.surest_mistakes().iter().map(|wrong| wrong.index).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn sketches_that_only_one_gets_right_are_told_apart() {
        let one = NetworkAnswers::of(&[(0, 0, 1.0), (0, 0, 1.0), (1, 0, 1.0), (1, 1, 1.0)]);
        let other = NetworkAnswers::of(&[(0, 1, 1.0), (0, 2, 1.0), (1, 1, 1.0), (1, 1, 1.0)]);
        assert_eq!(one.right_alone(&other), (2, 1));
    }
}

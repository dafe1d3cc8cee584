use dabnet_data::LabeledSketch;
use dabnet_engine::{Model, Prediction, Session, top};

use super::{Outcome, Results};
use crate::{evaluation::Drawn, quickstart::PREPROCESSING};

/// What one packed network answers to every test sketch, in their order.
#[derive(Debug)]
pub(super) struct Answers {
    answers: Vec<Answer>,
}

/// A network's first answer to one sketch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// Index of the sketch in the test split.
    pub index: usize,
    /// What the sketch was drawn as.
    pub label: usize,
    pub prediction: Prediction,
}

impl Answer {
    pub(super) fn is_right(&self) -> bool {
        self.prediction.class == self.label
    }
}

impl Answers {
    /// Evaluation keeps counts only, so the sketches are run again: it takes less than a second.
    pub(super) fn new(outcome: &Outcome, results: &Results) -> Self {
        // The model ran before; should it not now, the page only lacks what answers would show.
        let Ok(model) = Model::new(outcome.packed.clone()) else { return Self { answers: Vec::new() } };
        let mut session = Session::new(&model);
        let drawn = Drawn::new(&results.test, &PREPROCESSING);
        let answer = |(index, (canvas, example)): (usize, (&Vec<f32>, &LabeledSketch))| {
            let prediction = *top(session.run(canvas).ok()?, 1).first()?;
            Some(Answer { index, label: example.label, prediction })
        };
        Self { answers: drawn.canvases.iter().zip(&results.test).enumerate().filter_map(answer).collect() }
    }

    pub(super) fn get(&self, index: usize) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.index == index)
    }

    pub(super) fn right(&self) -> usize {
        self.answers.iter().filter(|answer| answer.is_right()).count()
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// How many sketches only `self` labels right, and how many only `other`.
    pub(super) fn right_alone(&self, other: &Self) -> (usize, usize) {
        let pairs = || self.answers.iter().zip(&other.answers).map(|(a, b)| (a.is_right(), b.is_right()));
        (
            pairs().filter(|pair| *pair == (true, false)).count(),
            pairs().filter(|pair| *pair == (false, true)).count(),
        )
    }

    /// The wrong answer each word got that the network was surest of, the surest first.
    pub(super) fn surest_mistakes(&self) -> Vec<Answer> {
        let mut wrong: Vec<Answer> =
            self.answers.iter().copied().filter(|answer| !answer.is_right()).collect();
        wrong.sort_by(|a, b| b.prediction.probability.total_cmp(&a.prediction.probability));
        let mut seen = std::collections::HashSet::new();
        wrong.retain(|answer| seen.insert(answer.label));
        wrong
    }

    #[cfg(test)]
    pub(super) fn of(pairs: &[(usize, usize, f32)]) -> Self {
        let answer = |(index, &(label, class, probability)): (usize, &(usize, usize, f32))| Answer {
            index,
            label,
            prediction: Prediction { class, logit: probability, probability },
        };
        Self { answers: pairs.iter().enumerate().map(answer).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::Answers;

    #[test]
    fn mistakes_come_surest_first_and_once_a_word() {
        let answers = Answers::of(&[(0, 0, 1.0), (0, 1, 0.5), (0, 2, 0.9), (1, 0, 0.6)]);
        assert_eq!((answers.right(), answers.len()), (1, 4));
        assert_eq!(answers.surest_mistakes().iter().map(|wrong| wrong.index).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn sketches_that_only_one_gets_right_are_told_apart() {
        let one = Answers::of(&[(0, 0, 1.0), (0, 0, 1.0), (1, 0, 1.0), (1, 1, 1.0)]);
        let other = Answers::of(&[(0, 1, 1.0), (0, 2, 1.0), (1, 1, 1.0), (1, 1, 1.0)]);
        assert_eq!(one.right_alone(&other), (2, 1));
    }
}

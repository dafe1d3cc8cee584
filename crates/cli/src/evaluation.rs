use std::time::Instant;

use dabnet_engine::{EngineError, Model, Prediction, Session, top};
use dabnet_graph::Preprocessing;
use dabnet_sketch::{Example, Preprocess};

/// Sketches as a network sees them, with what they are.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub canvases: Vec<Vec<f32>>,
    pub labels: Vec<usize>,
}

impl Drawn {
    pub(crate) fn new(examples: &[Example], preprocessing: &Preprocessing) -> Self {
        Self {
            canvases: examples.iter().map(|example| preprocessing.apply(&example.sketch.drawing)).collect(),
            labels: examples.iter().map(|example| example.label).collect(),
        }
    }
}

/// How well, and how fast, a packed model labels sketches.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    /// Sketches labelled.
    pub count: usize,
    /// Share whose first label is right.
    pub top1: f64,
    /// Share with the right one among the first five.
    pub top5: f64,
    /// `confusion[label][answer]`: sketches of a label that were given an answer.
    pub confusion: Vec<Vec<u32>>,
    /// Median time of one run of the network on one thread, in milliseconds; drawing is not in it.
    pub milliseconds: f64,
    /// First answer to every sketch.
    pub answers: Vec<Prediction>,
}

impl Evaluation {
    /// Labels every sketch, one at a time on this thread.
    pub(crate) fn new(model: &Model, drawn: &Drawn) -> Result<Self, EngineError> {
        let mut session = Session::new(model);
        let classes = model.labels().len();
        let mut confusion = vec![vec![0; classes]; classes];
        let (mut first, mut among) = (0, 0);
        let mut firsts = Vec::with_capacity(drawn.labels.len());
        let mut times = Vec::with_capacity(drawn.labels.len());
        for (canvas, &label) in drawn.canvases.iter().zip(&drawn.labels) {
            let start = Instant::now();
            let logits = session.run(canvas)?;
            times.push(start.elapsed());
            let answers = top(logits, 5);
            first += usize::from(answers[0].class == label);
            among += usize::from(answers.iter().any(|answer| answer.class == label));
            confusion[label][answers[0].class] += 1;
            firsts.push(answers[0]);
        }
        times.sort_unstable();
        let count = drawn.labels.len();
        let share = |right: usize| right as f64 / count.max(1) as f64;
        let milliseconds = times.get(count / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        Ok(Self { count, top1: share(first), top5: share(among), confusion, milliseconds, answers: firsts })
    }
}

//! How well a packed model labels the sketches of a data set.

use dabnet_data::{Dataset, Part};
use dabnet_engine::{Model, Session, top};
use dabnet_graph::Preprocessing;
use dabnet_sketch::{Drawing, average_log_probabilities, test_time_views};
use rayon::prelude::*;

use crate::{error::CliError, threads};

/// How many sketches were labelled, and how.
pub(crate) struct Counts {
    /// Those whose first answer is right.
    first: usize,
    /// Those with the right one among the first five.
    among_five: usize,
    /// For each label in turn, how many of its sketches were given each label.
    pub confusion: Vec<Vec<u32>>,
    all: usize,
}

impl Counts {
    /// Labels the `known` sketches of a data set, on so many threads, 0 for one a core. Of several canvases
    /// of a drawing the answers are averaged.
    pub(crate) fn of(
        model: &Model,
        data: &Dataset,
        known: &[(usize, usize)],
        threads: usize,
        canvases: impl Fn(&Drawing) -> Result<Vec<Vec<f32>>, CliError> + Sync,
    ) -> Result<Self, CliError> {
        let answer = |session: &mut Session, (index, label): &(usize, usize)| {
            let canvases = canvases(&data.sketch(*index)?.drawing)?;
            let logits = logits(session, &canvases)?;
            let answers = top(&logits, 5).into_iter().map(|answer| answer.class).collect::<Vec<usize>>();
            Ok((*label, answers))
        };
        let answers = threads::pool(threads)?.install(|| {
            let answers = known.par_iter().map_init(|| Session::new(model), answer);
            answers.collect::<Result<Vec<(usize, Vec<usize>)>, CliError>>()
        })?;
        let classes = model.labels().len();
        let confusion = vec![vec![0; classes]; classes];
        let mut counts = Self { first: 0, among_five: 0, confusion, all: known.len() };
        for (label, answers) in answers {
            counts.first += usize::from(answers[0] == label);
            counts.among_five += usize::from(answers.contains(&label));
            counts.confusion[label][answers[0]] += 1;
        }
        Ok(counts)
    }

    /// Share whose first answer is right.
    pub(crate) fn top1(&self) -> f64 {
        self.first as f64 / self.all as f64
    }

    /// Share with the right answer among the first five.
    pub(crate) fn top5(&self) -> f64 {
        self.among_five as f64 / self.all as f64
    }
}

/// What a model answers to views of a drawing, averaged where there are several.
pub(crate) fn logits(session: &mut Session, canvases: &[Vec<f32>]) -> Result<Vec<f32>, CliError> {
    let rows = canvases.iter().map(|canvas| Ok(session.run(canvas)?.to_vec()));
    let mut rows = rows.collect::<Result<Vec<_>, CliError>>()?;
    Ok(if rows.len() == 1 { rows.remove(0) } else { average_log_probabilities(&rows) })
}

/// What a model sees of a drawing in so many views.
///
/// # Errors
/// [`CliError::Input`] if its look has one only.
pub(crate) fn seen(
    preprocessing: &Preprocessing,
    drawing: &Drawing,
    count: u8,
) -> Result<Vec<Vec<f32>>, CliError> {
    test_time_views(preprocessing, drawing, count.into()).ok_or_else(|| {
        let look = preprocessing.look;
        CliError::Input(format!("several views are for models of the look 'lines', this one's is '{look}'"))
    })
}

/// The part to test on, if anything is in it.
pub(crate) fn tested(data: &Dataset) -> Option<Part> {
    data.indices(Part::Test).is_ok_and(|indices| !indices.is_empty()).then_some(Part::Test)
}

/// Labels from which on it says something that the right one is among the first five.
const ENOUGH: usize = 10;

/// Shares of sketches of so many labels as people read them.
pub(crate) fn shares(top1: f64, top5: f64, labels: usize) -> String {
    let first = format!("top-1 {:.1} %", 100.0 * top1);
    if labels < ENOUGH { first } else { format!("{first}, top-5 {:.1} %", 100.0 * top5) }
}

/// The sketches of a part with the model's labels of their words, and how many have none.
pub(crate) fn known(
    data: &Dataset,
    model: &Model,
    part: Option<Part>,
) -> Result<(Vec<(usize, usize)>, usize), CliError> {
    let place = |word: &String| model.labels().iter().position(|label| label == word);
    let labels: Vec<Option<usize>> = data.labels().iter().map(place).collect();
    let (mut known, mut left_out) = (Vec::new(), 0);
    for (index, of) in data.parts()?.into_iter().enumerate() {
        if part.is_some_and(|part| part != of) {
            continue;
        }
        match data.label(index)?.and_then(|label| labels[label]) {
            Some(label) => known.push((index, label)),
            None => left_out += 1,
        }
    }
    Ok((known, left_out))
}

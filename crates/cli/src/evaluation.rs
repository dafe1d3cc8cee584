//! Accuracy of packed models on data sets.

use dabnet_data::{Dataset, Part};
use dabnet_engine::{Evaluation, Model, Session, run_views};
use dabnet_graph::Preprocessing;
use dabnet_sketch::{Drawing, test_time_views};
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

use crate::error::CliError;

/// Sketches whose answers are kept at a time.
const AT_ONCE: usize = 4096;
/// Least number of labels for which top-5 says more than top-1.
const ENOUGH_FOR_TOP5: usize = 10;

/// Labels the `known` sketches of a data set, `(index, label)` each, on so many threads, 0 for one per core.
/// `canvases` gives the views of a drawing, whose answers are averaged.
pub(crate) fn evaluate(
    model: &Model,
    data: &Dataset,
    known: &[(usize, usize)],
    threads: usize,
    canvases: impl Fn(&Drawing) -> Result<Vec<Vec<f32>>, CliError> + Sync,
) -> Result<Evaluation, CliError> {
    let mut evaluation = Evaluation::new(model.labels().len());
    let answer = |session: &mut Session, (index, _): &(usize, usize)| {
        Ok(run_views(session, &canvases(&data.sketch(*index)?.drawing)?)?)
    };
    thread_pool(threads)?.install(|| {
        for sketches in known.chunks(AT_ONCE) {
            let logits = sketches.par_iter().map_init(|| Session::new(model), answer);
            let logits = logits.collect::<Result<Vec<_>, CliError>>()?;
            let labels: Vec<usize> = sketches.iter().map(|(_, label)| *label).collect();
            evaluation.add_batch(&logits.concat(), &labels);
        }
        Ok(evaluation)
    })
}

/// Inputs of a model for so many views of a drawing.
///
/// # Errors
/// [`CliError::Input`] if the model's look has one view only.
pub(crate) fn model_views(
    preprocessing: &Preprocessing,
    drawing: &Drawing,
    count: u8,
) -> Result<Vec<Vec<f32>>, CliError> {
    test_time_views(preprocessing, drawing, count.into()).ok_or_else(|| {
        let look = preprocessing.look;
        CliError::Input(format!("several views are for models of the look 'lines', this one's is '{look}'"))
    })
}

/// The test part, if it is not empty.
pub(crate) fn test_part(data: &Dataset) -> Option<Part> {
    data.indices(Part::Test).is_ok_and(|indices| !indices.is_empty()).then_some(Part::Test)
}

/// Accuracies as text; top-5 only where there are enough labels.
pub(crate) fn accuracy_text(top1: f64, top5: f64, labels: usize) -> String {
    let first = format!("top-1 {:.1} %", 100.0 * top1);
    if labels < ENOUGH_FOR_TOP5 { first } else { format!("{first}, top-5 {:.1} %", 100.0 * top5) }
}

/// Sketches of a part whose word the model knows, as `(index, label)`, and the number of the others.
pub(crate) fn known_sketches(
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

/// A pool of so many threads; 0 for one per core.
pub(crate) fn thread_pool(threads: usize) -> Result<ThreadPool, CliError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| CliError::Failure(format!("cannot start threads: {error}")))
}

use std::io::{self, Write};

use dabnet_engine::{EngineError, Model, Session, top};
use dabnet_report::{QuickstartReport, Recognition};
use dabnet_sketch::Preprocess;

use super::{Outcome, PREPROCESSING};
use crate::terminal::{EMPTY, braille};

/// What the last contender, DAB-Net, makes of the first test sketch of three words.
pub(super) fn three(
    outcomes: &[Outcome],
    labels: &[String],
    canvases: &[(Vec<f32>, usize)],
) -> Result<Vec<Recognition>, EngineError> {
    let Some(outcome) = outcomes.last() else { return Ok(Vec::new()) };
    let mut session = Session::new(&Model::new(outcome.packed.clone())?);
    let of_word = |label| canvases.iter().position(|(_, of)| *of == label);
    [0, labels.len() / 3, 2 * labels.len() / 3]
        .into_iter()
        .filter_map(of_word)
        .map(|index| {
            let predictions = top(session.run(&canvases[index].0)?, 3);
            Ok(Recognition { index, predictions })
        })
        .collect()
}

/// Prints each sketch with its labels beside it.
pub(super) fn print(report: &QuickstartReport) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for recognition in &report.recognitions {
        let example = &report.test[recognition.index];
        let ink = PREPROCESSING.ink(&example.drawing);
        let mut picture = braille(&ink, PREPROCESSING.canvas.side);
        picture.retain(|line| line.chars().any(|dots| dots != EMPTY));
        let mut text = vec![format!("drawn as: {}", report.labels[example.label]), String::new()];
        text.extend(
            recognition
                .predictions
                .iter()
                .map(|guess| format!("{:>5.1} %  {}", 100.0 * guess.probability, report.labels[guess.class])),
        );
        let first = picture.len().saturating_sub(text.len()) / 2;
        for (row, line) in picture.iter().enumerate() {
            let beside = row.checked_sub(first).and_then(|row| text.get(row)).map_or("", String::as_str);
            writeln!(out, "{line}   {beside}")?;
        }
    }
    Ok(())
}

//! Galleries of test sketches with the answers of the last network.

use std::collections::HashSet;

use dabnet_sketch::Preprocess;
use maud::{Markup, html};

use super::{
    QuickstartReport, Recognition,
    answers::{NetworkAnswers, TestAnswer},
};
use crate::{
    format::{evenly_spaced, percent},
    page::{DataUriPicture, drawing},
};

/// Upper bounds of the sketches in each gallery.
const ONE_EACH: usize = 20;
const MISTAKES: usize = 10;

/// `answers` are those of the last network, as the recognitions are.
pub(super) fn section(report: &QuickstartReport, answers: &NetworkAnswers) -> Markup {
    let Some(network) = report.networks.last() else { return html! {} };
    let one_each = one_each(report, answers);
    let mistakes = answers.surest_mistakes();
    html! {
        section aria-labelledby="sketches" {
            h2 #sketches { "Sketches it had never seen" }
            p {
                "What the packed " (network.name) " answers, with how sure it is. In the corner, "
                "the sketch as the network sees it: " (report.preprocessing.canvas.side) "×" (report.preprocessing.canvas.side) " pixels."
            }
            .recognitions { @for recognition in &report.recognitions { (large(report, recognition)) } }
            @if !one_each.is_empty() {
                h3 { "One of each word" }
                p { "The first test sketch of each word that is not shown above, whatever became of it." }
                ul.gallery { @for answer in one_each { (small(report, answer)) } }
            }
            @if !mistakes.is_empty() {
                h3 { "Where it errs" }
                p {
                    (answers.len() - answers.right()) " of " (answers.len()) " answers are wrong. These are "
                    "the ones it was surest of, at most one a word."
                }
                ul.gallery { @for answer in mistakes.iter().take(MISTAKES) { (small(report, answer)) } }
            }
        }
    }
}

/// Answers to the first sketch of each word that is not among the recognitions.
fn one_each<'a>(report: &QuickstartReport, answers: &'a NetworkAnswers) -> Vec<&'a TestAnswer> {
    let mut seen = HashSet::new();
    let large: HashSet<usize> = report.recognitions.iter().map(|recognition| recognition.index).collect();
    let first: Vec<&TestAnswer> = (0..report.test.len())
        .filter(|index| !large.contains(index))
        .filter_map(|index| answers.get(index))
        .filter(|answer| seen.insert(answer.label))
        .collect();
    evenly_spaced(first.len(), ONE_EACH).into_iter().map(|index| first[index]).collect()
}

fn large(report: &QuickstartReport, recognition: &Recognition) -> Markup {
    let sketch = &report.test[recognition.index];
    let word = &report.labels[sketch.label];
    let ink = report.preprocessing.ink(&sketch.drawing);
    html! {
        figure.recognition {
            .paper {
                (drawing(&sketch.drawing, &format!("Sketch drawn as {word}")))
                (DataUriPicture::of_ink(&ink, report.preprocessing.canvas.side).img(&format!("{word} as the network sees it")))
            }
            figcaption {
                p { "drawn as " strong { (word) } }
                ol.bars {
                    @for (place, guess) in recognition.predictions.iter().enumerate() {
                        @let is_right = guess.class == sketch.label;
                        li class={ @if is_right { "right" } @else { "wrong" } } {
                            span {
                                (report.labels[guess.class])
                                @if is_right || place == 0 { " " (mark(is_right)) }
                            }
                            span.share { (percent(f64::from(guess.probability))) }
                            i style={ "width:" (format!("{:.1}", 100.0 * guess.probability)) "%" } {}
                        }
                    }
                }
            }
        }
    }
}

fn small(report: &QuickstartReport, answer: &TestAnswer) -> Markup {
    let sketch = &report.test[answer.index];
    let (word, said) = (&report.labels[answer.label], &report.labels[answer.prediction.class]);
    html! {
        li class={ @if answer.is_right() { "right" } @else { "wrong" } } {
            (drawing(&sketch.drawing, &format!("Sketch drawn as {word}")))
            strong { (word) }
            span.said {
                (mark(answer.is_right())) " " (said) " " (whole_percent(answer.prediction.probability))
            }
        }
    }
}

fn whole_percent(share: f32) -> String {
    format!("{:.0}\u{a0}%", 100.0 * share)
}

/// A mark for right or wrong, with a text for screen readers.
fn mark(is_right: bool) -> Markup {
    let (symbol, spoken) = if is_right { ("✓", "right") } else { ("✗", "wrong") };
    html! { span.mark role="img" aria-label=(spoken) { (symbol) } }
}

//! Sketches, and what the network makes of them.

use std::collections::HashSet;

use dabnet_sketch::Preprocess;
use maud::{Markup, html};

use super::{
    Results,
    answers::{Answer, Answers},
};
use crate::{
    page::{
        drawing,
        number::{evenly, percent},
        picture::Picture,
    },
    quickstart::{PREPROCESSING, Recognition},
};

/// Sketches in each gallery.
const ONE_EACH: usize = 20;
const MISTAKES: usize = 10;

/// `answers` are those of the network that recognised the three large ones: the last.
pub(super) fn section(results: &Results, answers: &Answers) -> Markup {
    let Some(outcome) = results.outcomes.last() else { return html! {} };
    let one_each = one_each(results, answers);
    let mistakes = answers.surest_mistakes();
    html! {
        section aria-labelledby="sketches" {
            h2 #sketches { "Sketches it had never seen" }
            p {
                "What the packed " (outcome.contender.name) " answers, with how sure it is. In the corner, "
                "the sketch as the network sees it: " (PREPROCESSING.canvas.side) "×" (PREPROCESSING.canvas.side) " pixels."
            }
            .recognitions { @for recognition in &results.recognitions { (large(results, recognition)) } }
            @if !one_each.is_empty() {
                h3 { "One of each word" }
                p { "The first test sketch of each word that is not shown above, whatever became of it." }
                ul.gallery { @for answer in one_each { (small(results, answer)) } }
            }
            @if !mistakes.is_empty() {
                h3 { "Where it errs" }
                p {
                    (answers.len() - answers.right()) " of " (answers.len()) " answers are wrong. These are "
                    "the ones it was surest of, at most one a word."
                }
                ul.gallery { @for answer in mistakes.iter().take(MISTAKES) { (small(results, answer)) } }
            }
        }
    }
}

/// The first sketch of each word that is not among the large ones.
fn one_each<'a>(results: &Results, answers: &'a Answers) -> Vec<&'a Answer> {
    let mut seen = HashSet::new();
    let large: HashSet<usize> = results.recognitions.iter().map(|recognition| recognition.index).collect();
    let first: Vec<&Answer> = (0..results.test.len())
        .filter(|index| !large.contains(index))
        .filter_map(|index| answers.get(index))
        .filter(|answer| seen.insert(answer.label))
        .collect();
    evenly(first.len(), ONE_EACH).into_iter().map(|index| first[index]).collect()
}

fn large(results: &Results, recognition: &Recognition) -> Markup {
    let example = &results.test[recognition.index];
    let word = &results.labels[example.label];
    let ink = PREPROCESSING.ink(&example.sketch.drawing);
    html! {
        figure.recognition {
            .paper {
                (drawing::svg(&example.sketch.drawing, &format!("Sketch drawn as {word}")))
                (Picture::of_ink(&ink, PREPROCESSING.canvas.side).img(&format!("{word} as the network sees it")))
            }
            figcaption {
                p { "drawn as " strong { (word) } }
                ol.bars {
                    @for (place, guess) in recognition.predictions.iter().enumerate() {
                        @let is_right = guess.class == example.label;
                        li class={ @if is_right { "right" } @else { "wrong" } } {
                            span {
                                (results.labels[guess.class])
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

fn small(results: &Results, answer: &Answer) -> Markup {
    let example = &results.test[answer.index];
    let (word, said) = (&results.labels[answer.label], &results.labels[answer.prediction.class]);
    html! {
        li class={ @if answer.is_right() { "right" } @else { "wrong" } } {
            (drawing::svg(&example.sketch.drawing, &format!("Sketch drawn as {word}")))
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

/// Right or wrong, to the eye and to the ear.
fn mark(is_right: bool) -> Markup {
    let (symbol, spoken) = if is_right { ("✓", "right") } else { ("✗", "wrong") };
    html! { span.mark role="img" aria-label=(spoken) { (symbol) } }
}

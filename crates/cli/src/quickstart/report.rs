//! The page a quickstart leaves behind: one file that needs nothing but a browser.

mod answers;
mod chart;
mod comparison;
mod confusion;
mod curves;
mod drawing;
mod filters;
mod headline;
mod histogram;
mod layer;
mod number;
mod palette;
mod picture;
mod sketches;
mod ticks;
mod verdict;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::answers::Answers;
use super::{Outcome, Results};
use crate::{progress::duration, table::grouped};

const TITLE: &str = "One bit per weight, put to the test on freehand sketches";

/// Where the sketches come from; their licence asks for the links.
const DATA: &str = "https://github.com/googlecreativelab/quickdraw-dataset";
const LICENCE: &str = "https://creativecommons.org/licenses/by/4.0/";

/// The whole page. What cannot be shown, a network without binary filters for one, is left out.
pub(super) fn page(results: &Results) -> String {
    let answers: Vec<Answers> =
        results.outcomes.iter().map(|outcome| Answers::new(outcome, results)).collect();
    let body = html! {
        (header(results, &answers))
        main {
            (comparison::section(results, &answers))
            @if let Some(answers) = answers.last() { (sketches::section(results, answers)) }
            (curves::section(&results.outcomes))
            @if let Some(outcome) = results.outcomes.last() {
                (confusion::section(results))
                (filters::section(outcome))
            }
        }
        (footer(&results.outcomes))
    };
    document(&body).into_string()
}

fn document(body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "dabnet quickstart: " (TITLE) }
                style { (PreEscaped(include_str!("report/style.css"))) }
            }
            body { (body) }
        }
    }
}

fn header(results: &Results, answers: &[Answers]) -> Markup {
    let facts = [
        ("words", results.labels.len().to_string()),
        ("sketches to train on", grouped(results.train_count as u64)),
        ("sketches to test on", grouped(results.test.len() as u64)),
        ("epochs", results.epochs.to_string()),
        ("seed", results.seed.to_string()),
        ("time taken", duration(results.elapsed)),
    ];
    html! {
        header {
            div {
                p.eyebrow { "dabnet quickstart" }
                h1 { (TITLE) }
                @if let Some(verdict) = verdict::sentence(&results.outcomes, answers) {
                    p.verdict { (verdict) }
                }
            }
            (headline::figure(&results.outcomes))
            dl.facts {
                @for (name, value) in facts {
                    div { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

fn footer(outcomes: &[Outcome]) -> Markup {
    html! {
        footer {
            p {
                "Beside this page lie the packed networks ("
                @for (index, outcome) in outcomes.iter().enumerate() {
                    @if index > 0 { ", " }
                    code { (outcome.contender.key) "/model.safetensors" }
                }
                ") and, in " code { "results.json" } ", the numbers behind it. "
                "Recognise a drawing of your own with " code { "dabnet recognize --model FOLDER FILE" } "."
            }
            p {
                "Sketches: " a href=(DATA) { "the Quick, Draw! dataset" } " by Google, "
                a href=(LICENCE) { "CC BY 4.0" } "."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dabnet_sketch::{Augment, Dataset};
    use dabnet_train::AugmentedSketches;

    use super::{super::*, page};

    /// A quickstart in small: every network trained for a step on a few real sketches.
    fn results(first_label: &str) -> Results {
        let Dataset { mut labels, train, test } = Dataset::bundled().unwrap();
        labels[0] = first_label.to_owned();
        let train: Vec<Example> = train.into_iter().step_by(200).collect();
        let test: Vec<Example> = test.into_iter().step_by(25).collect();
        let settings =
            Settings { out: PathBuf::new(), seed: 0, epochs: Some(1), fast: true, threads: 1, json: false };
        let examples = AugmentedSketches::new(&train, CANVAS, Augment::light());
        let drawn = Drawn::new(&test, &CANVAS);
        let run = |contender: &'static Contender| {
            contender.run(&settings, &labels, &examples, &drawn, None).unwrap()
        };
        let outcomes: Vec<Outcome> = Contender::ALL.iter().map(run).collect();
        let recognitions = recognition::three(&outcomes, &labels, &test, &drawn).unwrap();
        Results {
            seed: 0,
            epochs: 1,
            labels,
            canvas: CANVAS,
            train_count: train.len(),
            test,
            outcomes,
            recognitions,
            elapsed: Duration::from_secs(61),
        }
    }

    #[test]
    fn the_page_is_whole_escaped_and_needs_nothing_from_outside() {
        let page = page(&results("<b>&\"'</td>"));
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
        assert!(!page.contains("<b>") && !page.contains("'</td>"), "a label is markup");
        assert!(page.contains("&lt;b&gt;&amp;"));

        let links = page.matches("<a href=\"https://").count();
        assert_eq!(page.matches("http").count(), links, "something but a link to follow");
        assert!(["<script", "<link", "@import", "src=\"/"].iter().all(|outside| !page.contains(outside)));
        assert!(page.matches("<img").count() == page.matches("alt=\"").count());
        assert!(page.len() < 1_500_000, "{} bytes", page.len());
        assert!(!page.contains("NaN") && !page.contains("inf%"));
    }
}

//! The page a quickstart leaves behind: one file that needs nothing but a browser.

mod answers;
mod comparison;
mod confusion;
mod curves;
mod filters;
mod headline;
mod layer;
mod sketches;
mod verdict;

use maud::{Markup, html};

use self::answers::Answers;
use super::{Outcome, Results};
use crate::{
    page::document::{attribution, document, facts},
    progress::duration,
    table::grouped,
};

const TITLE: &str = "One bit per weight, put to the test on freehand sketches";

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
    document(&format!("dabnet quickstart: {TITLE}"), "", &body).into_string()
}

fn header(results: &Results, answers: &[Answers]) -> Markup {
    let numbers = [
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
            (facts(numbers))
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
            (attribution())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dabnet_data::{Dataset, Part, SketchExamples};
    use dabnet_sketch::{Augmentation, TrainingPipeline};

    use super::{super::*, page};

    /// A quickstart in small: every network trained for a step on a few real sketches.
    fn results(first_label: &str) -> Results {
        let data = Dataset::bundled().unwrap();
        let mut labels = data.labels().to_vec();
        labels[0] = first_label.to_owned();
        let test = data.labeled_sketches(Part::Test).unwrap();
        let test: Vec<LabeledSketch> = test.into_iter().step_by(25).collect();
        let settings = Settings {
            out: PathBuf::new(),
            seed: 0,
            epochs: Some(1),
            fast: true,
            threads: 1,
            json: false,
            force: false,
        };
        let view = TrainingPipeline { preprocessing: PREPROCESSING, augmentation: Augmentation::light() };
        let examples = SketchExamples::new(&data, Part::Train, view).unwrap().thinned(200);
        let drawn = Drawn::new(&test, &PREPROCESSING);
        let run = |contender: &'static Contender| {
            contender.run(&settings, &labels, &examples, &drawn, None, &TrainingProgress::new("")).unwrap()
        };
        let outcomes: Vec<Outcome> = Contender::ALL.iter().map(run).collect();
        let recognitions = recognition::three(&outcomes, &labels, &test, &drawn).unwrap();
        Results {
            seed: 0,
            epochs: 1,
            labels,
            train_count: examples.len(),
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
        // Pictures are letters, too, and any of them.
        let after = |part: &str| part.split_once('"').map_or(part.to_owned(), |(_, rest)| rest.to_owned());
        let told: String = page.split("base64,").map(after).collect();
        assert!(!told.contains("NaN") && !told.contains("inf%"));
    }
}

//! The page of a quickstart.

use maud::{Markup, html};

use super::{
    NetworkReport, QuickstartReport, answers::NetworkAnswers, comparison, confusion, curves, filters,
    sketches, verdict,
};
use crate::{
    format::{duration, grouped},
    page::{attribution, document, facts},
};

const TITLE: &str = "One bit per weight, put to the test on freehand sketches";

/// The whole page, without sections for which there is no data.
pub(super) fn page(report: &QuickstartReport) -> String {
    let answers: Vec<NetworkAnswers> =
        report.networks.iter().map(|network| NetworkAnswers::new(network, &report.test)).collect();
    let body = html! {
        (header(report, &answers))
        main {
            (comparison::section(report, &answers))
            @if let Some(answers) = answers.last() { (sketches::section(report, answers)) }
            (curves::section(&report.networks))
            @if let Some(network) = report.networks.last() {
                (confusion::section(report))
                (filters::section(network))
            }
        }
        (footer(&report.networks))
    };
    document(&format!("dabnet quickstart: {TITLE}"), "", &body)
}

fn header(report: &QuickstartReport, answers: &[NetworkAnswers]) -> Markup {
    let numbers = [
        ("words", report.labels.len().to_string()),
        ("sketches to train on", grouped(report.train_count as u64)),
        ("sketches to test on", grouped(report.test.len() as u64)),
        ("epochs", report.epochs.to_string()),
        ("seed", report.seed.to_string()),
        ("time taken", duration(report.elapsed)),
    ];
    html! {
        header {
            div {
                p.eyebrow { "dabnet quickstart" }
                h1 { (TITLE) }
                @if let Some(verdict) = verdict::sentence(&report.networks, answers) {
                    p.verdict { (verdict) }
                }
            }
            (verdict::figure(&report.networks))
            (facts(numbers))
        }
    }
}

fn footer(networks: &[NetworkReport]) -> Markup {
    html! {
        footer {
            p {
                "Beside this page lie the packed networks ("
                @for (index, network) in networks.iter().enumerate() {
                    @if index > 0 { ", " }
                    code { (network.key) "/model.safetensors" }
                }
                ") and, in " code { "results.json" } ", the numbers behind it. "
                "Recognize a drawing of your own with " code { "dabnet recognize --model FOLDER FILE" } "."
            }
            (attribution())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dabnet_binarize::Scheme;
    use dabnet_data::{Dataset, Part, SketchExamples};
    use dabnet_engine::{Model, PackedModel, Session, top};
    use dabnet_graph::{Canvas, Policy, Preprocessing, architectures};
    use dabnet_sketch::{Augmentation, Preprocess, TrainingPipeline};
    use dabnet_train::{ModelMetadata, TrainConfig, TrainedNetwork, Trainer, pack};

    use super::{
        super::{LatentLayer, Recognition, TestSketch},
        *,
    };

    const PREPROCESSING: Preprocessing =
        Preprocessing::lines(Canvas { side: 64, line_width: 0.04, margin: 0.03, mean: 0.0, std: 1.0 });

    fn trained(policy: &Policy, scheme: Scheme, labels: &[String], data: &Dataset) -> TrainedNetwork {
        let graph = architectures::find("sketch-a-net-64").unwrap().graph(64, labels.len(), policy).unwrap();
        let pipeline = TrainingPipeline { preprocessing: PREPROCESSING, augmentation: Augmentation::light() };
        let examples = SketchExamples::new(data, Part::Train, pipeline).unwrap().thinned(200);
        let mut config = TrainConfig::default();
        (config.scheme, config.epochs, config.threads) = (scheme, 1, 1);
        Trainer::new(&graph, config, &examples).unwrap().train(|_| {}).unwrap()
    }

    fn network(
        name: &'static str,
        trained: &TrainedNetwork,
        packed: &PackedModel,
        test: &[TestSketch],
    ) -> NetworkReport {
        let mut session = Session::new(&Model::new(packed.clone()).unwrap());
        let mut confusion = vec![vec![0; packed.labels.len()]; packed.labels.len()];
        let mut answers = Vec::new();
        for sketch in test {
            let answer = top(session.run(&PREPROCESSING.apply(&sketch.drawing)).unwrap(), 1)[0];
            confusion[sketch.label][answer.class] += 1;
            answers.push(answer);
        }
        NetworkReport {
            key: "key",
            name,
            loss: vec![2.5],
            accuracy: vec![0.1],
            layers: LatentLayer::of_network(trained),
            account: packed.graph.cost(),
            file_bytes: packed.to_bytes().unwrap().len() as u64,
            top1: 0.1,
            top5: 0.5,
            confusion,
            milliseconds: 0.25,
            answers,
        }
    }

    /// A quickstart in small: every network trained for a step on a few real sketches.
    fn report(first_label: &str) -> QuickstartReport {
        let data = Dataset::bundled().unwrap();
        let mut labels = data.labels().to_vec();
        labels[0] = first_label.to_owned();
        let test = data.labeled_sketches(Part::Test).unwrap().into_iter().step_by(25);
        let test: Vec<TestSketch> = test
            .map(|example| TestSketch { drawing: example.sketch.drawing, label: example.label })
            .collect();
        let kinds = [
            ("full precision", Policy::Full, Scheme::Dab),
            ("XNOR-Net", Policy::Fbin, Scheme::Sign),
            ("DAB-Net", Policy::Fbin, Scheme::Dab),
        ];
        let networks: Vec<NetworkReport> = kinds
            .iter()
            .map(|(name, policy, scheme)| {
                let trained = trained(policy, *scheme, &labels, &data);
                let description = ModelMetadata {
                    labels: labels.clone(),
                    preprocessing: PREPROCESSING,
                    provenance: Default::default(),
                };
                network(name, &trained, &pack(&trained, description).unwrap(), &test)
            })
            .collect();
        let predictions = vec![networks[2].answers[0]];
        QuickstartReport {
            seed: 0,
            epochs: 1,
            labels,
            train_count: 17,
            test,
            preprocessing: PREPROCESSING,
            networks,
            recognitions: vec![Recognition { index: 0, predictions }],
            elapsed: Duration::from_secs(61),
        }
    }

    #[test]
    fn the_page_is_whole_escaped_and_needs_nothing_from_outside() {
        let page = page(&report("<b>&\"'</td>"));
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

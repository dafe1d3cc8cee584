//! Words taught to the small model that the project ships, from the drawings that it ships.

use std::collections::BTreeMap;

use dabnet_data::{Dataset, Part};
use dabnet_embedding::{
    CalibrationExample, EmbeddingError, TaughtWord, calibrate, forget, teach, teach_alone,
};
use dabnet_engine::{Evaluation, Model, PackedModel, Session, energy, top};
use dabnet_sketch::Preprocess;

/// Drawings of each word that are taught, and that are asked for.
const TAUGHT: usize = 10;
const ASKED: usize = 15;

/// Embeddings of drawings by word.
type Drawings = BTreeMap<String, Vec<Vec<f32>>>;

fn shipped() -> PackedModel {
    PackedModel::from_bytes(dabnet_models::QUICKDRAW_20).unwrap()
}

/// Embeddings of the test drawings that the project ships.
fn drawings(packed: &PackedModel) -> Drawings {
    let data = Dataset::bundled().unwrap();
    let model = Model::new(packed.clone()).unwrap();
    let mut session = Session::new(&model);
    let mut drawings = Drawings::new();
    for (index, label) in data.labeled_indices(Part::Test).unwrap() {
        let rows = drawings.entry(data.labels()[label].clone()).or_default();
        if rows.len() < TAUGHT + ASKED {
            let canvas = model.preprocessing().apply(&data.sketch(index).unwrap().drawing);
            rows.push(session.embed(&canvas).unwrap().to_vec());
        }
    }
    drawings
}

fn word(drawings: &Drawings, label: &str) -> TaughtWord {
    TaughtWord { label: label.to_owned(), drawings: drawings[label][..TAUGHT].to_vec() }
}

/// Logits that a model's last layer makes of an embedding.
fn logits(packed: &PackedModel, embedding: &[f32]) -> Vec<f32> {
    let id = packed.graph.classifier().unwrap();
    let weights = packed.dense(&packed.graph.nodes()[id].name).unwrap();
    let bias = packed.graph.nodes().get(id + 1).and_then(|node| packed.parameters[&node.name].floats("bias"));
    let rows = weights.chunks_exact(embedding.len()).enumerate();
    rows.map(|(at, row)| {
        let dot: f32 = row.iter().zip(embedding).map(|(a, b)| a * b).sum();
        dot + bias.map_or(0.0, |bias| bias[at])
    })
    .collect()
}

/// Share of the drawings asked for of some words that a model tells.
fn share_right(packed: &PackedModel, drawings: &Drawings, is_asked: impl Fn(&str) -> bool) -> f64 {
    let mut evaluation = Evaluation::new(packed.labels.len());
    for (label, rows) in drawings.iter().filter(|(label, _)| is_asked(label)) {
        let class = packed.labels.iter().position(|own| own == label).unwrap();
        rows[TAUGHT..].iter().for_each(|row| evaluation.add_batch(&logits(packed, row), &[class]));
    }
    evaluation.top1()
}

#[test]
fn words_that_were_forgotten_are_learned_again_and_others_stay() {
    let all = shipped();
    let drawings = drawings(&all);
    let gone = ["airplane", "cat", "star"].map(str::to_owned);
    let less = forget(&all, &gone).unwrap();
    assert_eq!(less.labels.len(), 17);
    let is_old = |label: &str| !gone.iter().any(|gone| gone == label);
    let before = share_right(&less, &drawings, is_old);
    let words: Vec<TaughtWord> = gone.iter().map(|label| word(&drawings, label)).collect();
    let taught = teach(&less, &words).unwrap();
    let (old, new) =
        (share_right(&taught, &drawings, is_old), share_right(&taught, &drawings, |it| !is_old(it)));
    assert!(before - old <= 0.02, "{before} {old}");
    // What was measured of embeddings has seen these words, so that they are conceded to the others more than new ones.
    assert!(new >= 0.4, "{new}");

    // One more does not cost those that were taught before.
    let less = forget(&taught, &["umbrella".to_owned()]).unwrap();
    let more = teach(&less, &[word(&drawings, "umbrella")]).unwrap();
    let again = share_right(&more, &drawings, |it| !is_old(it));
    assert!(new - again <= 0.07, "{new} {again}");
}

#[test]
fn a_taught_model_is_a_model_like_any_other() {
    let less = forget(&shipped(), &["cat".to_owned()]).unwrap();
    let drawings = drawings(&less);
    let taught = teach(&less, &[word(&drawings, "cat")]).unwrap();
    assert_eq!(taught.labels.last().map(String::as_str), Some("cat"));
    let read = PackedModel::from_bytes(&taught.to_bytes().unwrap()).unwrap();
    assert_eq!(read, taught);

    // In the engine, too; and what it knew has the logits that it had.
    let canvas = vec![0.25; taught.graph.input_shape().elements()];
    let run = |packed: &PackedModel| {
        let mut session = Session::new(&Model::new(packed.clone()).unwrap());
        let embedding = session.embed(&canvas).unwrap().to_vec();
        (session.run(&canvas).unwrap().to_vec(), embedding)
    };
    let ((before, _), (after, embedding)) = (run(&less), run(&taught));
    assert_eq!(before, after[..before.len()]);
    let expected = logits(&taught, &embedding);
    assert!(after.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3), "{after:?} {expected:?}");

    let without = forget(&taught, &["cat".to_owned()]).unwrap();
    assert_eq!(run(&without).0, before);
    assert!(without.calibration.unwrap().embedding.unwrap().taught.is_empty());
    // Taught again, from others: as if that had been the first time.
    let words = [TaughtWord { label: "cat".into(), drawings: drawings["cat"][5..9].to_vec() }];
    assert_eq!(teach(&taught, &words).unwrap().labels, taught.labels);
}

#[test]
fn a_model_of_new_words_alone_takes_others_for_unknown() {
    let all = shipped();
    let drawings = drawings(&all);
    let own = ["apple", "moon", "house"];
    let words: Vec<TaughtWord> = own
        .iter()
        .filter(|label| drawings.contains_key(**label))
        .map(|label| word(&drawings, label))
        .collect();
    assert!(words.len() >= 2, "{:?}", drawings.keys());
    let alone = teach_alone(&all, &words).unwrap();
    let labels: Vec<&str> = words.iter().map(|word| word.label.as_str()).collect();
    assert_eq!(alone.labels, labels);
    let (mut known, mut unknown, mut right) = ([0; 2], [0; 2], 0);
    for (label, rows) in &drawings {
        for row in &rows[TAUGHT..] {
            let logits = logits(&alone, row);
            let is_unknown = alone.calibration.as_ref().unwrap().is_unknown(&logits);
            match labels.iter().position(|own| own == label) {
                Some(class) => {
                    known[usize::from(is_unknown)] += 1;
                    right += usize::from(top(&logits, 1)[0].class == class);
                }
                None => unknown[usize::from(is_unknown)] += 1,
            }
        }
    }
    let share = |[no, yes]: [usize; 2]| yes as f64 / (no + yes) as f64;
    assert!(share(known) < 0.2 && share(unknown) > 0.75, "{known:?} {unknown:?}");
    assert!(right * 10 > (known[0] + known[1]) * 9, "{right} of {known:?}");
}

#[test]
fn what_cannot_be_taught_is_refused() {
    let all = shipped();
    let width = all.graph.embedding_len();
    let word = |label: &str, drawings| TaughtWord { label: label.to_owned(), drawings };
    let error = |words: &[TaughtWord]| teach(&all, words).unwrap_err().to_string();
    assert!(error(&[]).contains("no word"));
    assert!(error(&[word("sigil", vec![])]).contains("'sigil' has 0 drawings"));
    assert!(error(&[word("sigil", vec![vec![0.0; width + 1]])]).contains("values"));
    assert!(error(&[word("cat", vec![vec![0.0; width]])]).contains("knows 'cat' from its training"));
    assert!(error(&[word("", vec![vec![0.0; width]])]).contains("empty"));
    let twice = [word("a", vec![vec![0.0; width]]), word("a", vec![vec![1.0; width]])];
    assert!(error(&twice).contains("twice"));
    let plain = PackedModel { calibration: None, ..all.clone() };
    assert!(matches!(
        teach(&plain, &[word("a", vec![vec![0.0; width]])]),
        Err(EmbeddingError::NotCalibrated)
    ));
    assert!(matches!(forget(&all, &["sigil".into()]), Err(EmbeddingError::Unknown { .. })));
    assert!(matches!(forget(&all, &all.labels), Err(EmbeddingError::NoWords)));
}

/// A network that is twice as sure as it should be is half as sure then, and answers the same.
#[test]
fn calibration_finds_the_temperature_and_changes_no_answer() {
    let base = shipped();
    let drawings = drawings(&base);
    let examples: Vec<CalibrationExample> = drawings
        .iter()
        .flat_map(|(label, rows)| {
            let label = base.labels.iter().position(|own| own == label).unwrap();
            rows.iter().map(move |row| CalibrationExample { embedding: row.clone(), label })
        })
        .collect();
    let first = calibrate(&base, &examples).unwrap();
    let again = calibrate(&first, &examples).unwrap();
    let (first, again) = (first.calibration.unwrap(), again.calibration.clone().unwrap());
    assert!((again.temperature / first.temperature - 1.0).abs() < 1e-3, "{first:?}");
    assert!((again.least_energy - first.least_energy).abs() < 0.01);
    let calibrated = calibrate(&base, &examples).unwrap();
    let calibration = calibrated.calibration.clone().unwrap();
    let mut unknown = 0;
    for example in &examples {
        let (before, after) = (logits(&base, &example.embedding), logits(&calibrated, &example.embedding));
        assert_eq!(top(&before, 1)[0].class, top(&after, 1)[0].class);
        unknown += usize::from(energy(&after) < calibration.least_energy);
    }
    assert!(unknown.abs_diff(examples.len() / 20) <= 1, "{unknown} of {}", examples.len());
    let bits = calibration.embedding.unwrap().bits(&examples[0].embedding);
    assert_eq!(bits.len(), base.graph.embedding_len() / 8);
    assert!(matches!(calibrate(&base, &examples[..9]), Err(EmbeddingError::TooFew { count: 9, .. })));
}

//! The library as an app uses it.
#![cfg(all(feature = "files", feature = "models"))]

use std::path::{Path, PathBuf};

use dabnet::{Drawing, Raster, RecognizeError, Recognizer, Stroke, models, read_file};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/examples").join(name)
}

#[test]
fn every_model_opens_by_its_name() {
    for (name, labels) in models::names().zip([345, 20, 250]) {
        assert_eq!(models::open(name).unwrap().labels().len(), labels);
    }
    let message = models::open("no-such-model").unwrap_err().to_string();
    assert!(message.contains("no-such-model") && message.contains("quickdraw-345"), "{message}");
}

#[test]
fn files_and_drawings_have_one_answer() {
    let mut recognizer = Recognizer::new(models::quickdraw_20());
    let of_file = recognizer.recognize_file(example("butterfly.png"), 3).unwrap();
    let sketch = read_file(example("butterfly.png")).unwrap().next().unwrap().unwrap();
    let guesses = recognizer.recognize(&sketch.drawing, 3).unwrap();
    let guesses: Vec<_> = guesses.iter().map(|guess| (guess.label.to_owned(), guess.probability)).collect();
    assert_eq!((of_file.len(), &of_file[0], guesses[0].0.as_str()), (1, &guesses, "butterfly"));
    assert!(recognizer.recognize_file(example("missing.png"), 3).is_err());
}

#[test]
fn several_views_are_averaged() {
    let sketch = read_file(example("bicycle.png")).unwrap().next().unwrap().unwrap();
    let mut one = Recognizer::new(models::quickdraw_345());
    let mut several = Recognizer::new(models::quickdraw_345()).with_views(4).unwrap();
    let (one, several) = (one.logits(&sketch.drawing).unwrap(), several.logits(&sketch.drawing).unwrap());
    assert!(one != several && one.len() == several.len());
}

#[test]
fn nothing_is_guessed_of_nothing() {
    let mut recognizer = Recognizer::new(models::quickdraw_20());
    let empty = [
        Drawing::Strokes(vec![]),
        Drawing::Strokes(vec![Stroke::new(vec![])]),
        Drawing::Raster(Raster::new(2, 2, vec![0; 4]).unwrap()),
    ];
    for drawing in empty {
        assert!(matches!(recognizer.recognize(&drawing, 1), Err(RecognizeError::NothingDrawn)));
    }
    let wild = Drawing::Strokes(vec![Stroke::new(vec![[0.0, 0.0]]), Stroke::new(vec![[f32::NAN, 0.0]])]);
    assert!(matches!(recognizer.recognize(&wild, 1), Err(RecognizeError::NotFinite { stroke: 1 })));
}

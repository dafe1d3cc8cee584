//! The data set that is part of the library.

use std::collections::{HashMap, HashSet};

use dabnet_data::{DataError, Dataset, LabeledSketch, Part};
use dabnet_sketch::{Drawing, Sketch, Stroke};

#[test]
fn bundled_counts_and_split() {
    let data = Dataset::bundled().unwrap();
    assert_eq!(data.labels().len(), 20);
    assert!(data.labels().is_sorted());
    let [train, test] = [Part::Train, Part::Test].map(|part| data.labeled_sketches(part).unwrap());
    for (part, each) in [(&train, 170), (&test, 30)] {
        let mut counts = HashMap::new();
        for LabeledSketch { sketch, label } in part {
            assert_eq!(sketch.word.as_ref(), Some(&data.labels()[*label]));
            *counts.entry(label).or_insert(0) += 1;
        }
        assert!(counts.len() == 20 && counts.values().all(|count| *count == each));
    }
    let ids =
        |part: &[LabeledSketch]| part.iter().map(|e| e.sketch.id.clone().unwrap()).collect::<HashSet<_>>();
    let (train, test) = (ids(&train), ids(&test));
    assert_eq!((train.len(), test.len()), (3400, 600));
    assert!(train.is_disjoint(&test));
}

#[test]
fn every_sketch_needs_a_word() {
    let drawing = Drawing::Strokes(vec![Stroke::new(vec![[0.0, 0.0]])]);
    let named = Sketch { word: Some("dot".to_owned()), ..drawing.clone().into() };
    let error = Dataset::from_sketches(vec![named.clone()], vec![named, drawing.into()]).err().unwrap();
    assert!(matches!(error, DataError::Unlabeled { part: "test", index: 1 }));
}

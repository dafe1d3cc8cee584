//! Splitting a data set.

use std::collections::BTreeMap;
use std::fs;

use dabnet_data::{ClassShare, DataError, Dataset, DatasetImport, FoldSelection, Part, SplitRecipe};
use proptest::prelude::*;
use tempfile::TempDir;

/// A data set of classes with so many sketches, every fifth of them for testing if `given`.
fn data(classes: &[usize], given: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line =
        |class: usize, at: usize| format!("{{\"word\":\"{class}\",\"drawing\":[[[{at}],[{class}]]]}}\n");
    let (mut train, mut test) = (String::new(), String::new());
    for (class, count) in classes.iter().enumerate() {
        for at in 0..*count {
            let part = if given && at % 5 == 0 { &mut test } else { &mut train };
            part.push_str(&line(class, at));
        }
    }
    let source = folder.path().join("source");
    fs::create_dir(&source).unwrap();
    for (name, text) in [("train.ndjson", train), ("test.ndjson", test)] {
        let name = if given { name } else { "all.ndjson" };
        if !text.is_empty() {
            fs::write(source.join(name), text).unwrap();
        }
    }
    DatasetImport::default().with_sources(vec![source]).run(&folder.path().join("data"), |_, _| {}).unwrap();
    folder
}

fn parts(folder: &TempDir, split: SplitRecipe) -> Vec<(usize, Part)> {
    let folder = folder.path().join("data");
    split.write(&folder).unwrap();
    let data = Dataset::open(&folder).unwrap();
    let parts = data.parts().unwrap();
    (0..data.len()).map(|at| (data.label(at).unwrap().unwrap(), parts[at])).collect()
}

/// For each class and part, how many sketches.
fn counts(parts: &[(usize, Part)]) -> BTreeMap<(usize, Part), usize> {
    let mut counts = BTreeMap::new();
    parts.iter().for_each(|part| *counts.entry(*part).or_default() += 1);
    counts
}

#[test]
fn every_class_is_split_by_itself() {
    let folder = data(&[80, 80, 10], false);
    let published = SplitRecipe::default().with_test(ClassShare::Count(26));
    let counts = counts(&parts(&folder, published));
    assert_eq!((counts[&(0, Part::Train)], counts[&(0, Part::Test)]), (54, 26));
    assert_eq!((counts[&(1, Part::Train)], counts[&(1, Part::Test)]), (54, 26));
    assert_eq!((counts.get(&(2, Part::Train)), counts[&(2, Part::Test)]), (None, 10));
}

#[test]
fn given_parts_are_kept() {
    let folder = data(&[20, 40], true);
    let given = parts(&folder, SplitRecipe::GIVEN);
    assert_eq!(given.iter().filter(|(_, part)| *part == Part::Test).count(), 12);
    let drawn = parts(&folder, SplitRecipe::GIVEN.with_validation(ClassShare::Fraction(0.25)));
    for (given, drawn) in given.iter().zip(&drawn) {
        assert!((given.1 == Part::Test) == (drawn.1 == Part::Test));
    }
    let counts = counts(&drawn);
    assert_eq!((counts[&(0, Part::Validation)], counts[&(1, Part::Validation)]), (4, 8));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folds = Some(FoldSelection { count: 3, fold: 0 });
    for split in [
        SplitRecipe::default().with_test(ClassShare::Fraction(-0.1)),
        SplitRecipe::default().with_test(ClassShare::Fraction(f64::NAN)),
        SplitRecipe::default()
            .with_test(ClassShare::Fraction(0.6))
            .with_validation(ClassShare::Fraction(0.6)),
        SplitRecipe::default().with_folds(Some(FoldSelection { count: 1, fold: 0 })),
        SplitRecipe::default().with_folds(Some(FoldSelection { count: 3, fold: 3 })),
        SplitRecipe::default().with_folds(folds).with_given(true),
        SplitRecipe::default().with_folds(folds).with_test(ClassShare::Count(1)),
    ] {
        assert!(matches!(split.validate(), Err(DataError::Split { .. })), "{split:?}");
    }
    let folder = data(&[3], false);
    fs::write(folder.path().join("data/split.json"), "{\"folds\": 3}").unwrap();
    assert!(matches!(Dataset::open(folder.path().join("data")), Err(DataError::Damaged { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn folds_are_each_tested_on_once(classes in prop::collection::vec(1_usize..30, 1..4), count in 2_usize..6, seed: u64) {
        let folder = data(&classes, false);
        let mut tested = vec![0; classes.iter().sum()];
        for fold in 0..count {
            let parts = parts(&folder, SplitRecipe::default().with_folds(Some(FoldSelection { count, fold })).with_seed(seed));
            let counts = counts(&parts);
            for (class, size) in classes.iter().enumerate() {
                let part = counts.get(&(class, Part::Test)).copied().unwrap_or(0);
                prop_assert!(part == size / count || part == size / count + 1);
            }
            for (tested, (_, part)) in tested.iter_mut().zip(&parts) {
                *tested += usize::from(*part == Part::Test);
            }
        }
        prop_assert!(tested.iter().all(|times| *times == 1));
    }

    #[test]
    fn a_seed_decides(classes in prop::collection::vec(4_usize..30, 1..4), seed: u64) {
        let folder = data(&classes, false);
        let split = SplitRecipe::default().with_test(ClassShare::Fraction(0.5)).with_validation(ClassShare::Count(1)).with_seed(seed);
        let first = parts(&folder, split);
        prop_assert_eq!(&first, &parts(&folder, split));
        let counts = counts(&first);
        for (class, size) in classes.iter().enumerate() {
            prop_assert_eq!(counts[&(class, Part::Test)], (*size as f64 * 0.5).round() as usize);
            prop_assert_eq!(counts[&(class, Part::Validation)], 1);
        }
    }
}

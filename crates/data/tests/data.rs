//! Data sets that are not as they were written.

use std::fs;
use std::path::Path;

use crate::common::example;
use dabnet_data::{DataError, Dataset, DatasetImport, FoldSelection, Manifest, Part, SplitRecipe};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

fn import(source: &Path, out: &Path) -> Manifest {
    DatasetImport::default().with_sources(vec![source.to_owned()]).run(out, |_, _| ()).unwrap()
}

/// A folder with one data set, `out`, of the bundled examples.
fn imported() -> TempDir {
    let folder = tempdir().unwrap();
    import(&example("quickdraw.ndjson"), &folder.path().join("out"));
    folder
}

/// A data set whose manifest was changed.
fn edited(edit: impl Fn(&mut Value)) -> String {
    let folder = imported();
    let path = folder.path().join("out/manifest.json");
    let mut manifest = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    edit(&mut manifest);
    fs::write(&path, manifest.to_string()).unwrap();
    let error = Dataset::open(folder.path().join("out")).and_then(|data| data.parts()).unwrap_err();
    assert!(matches!(error, DataError::Damaged { .. }), "{error}");
    error.to_string()
}

#[test]
fn counts_of_a_manifest_are_not_believed() {
    for count in [1 << 50, u64::MAX] {
        let lies = |manifest: &mut Value| {
            manifest["count"] = json!(count);
            manifest["shards"][0]["count"] = json!(count);
        };
        assert!(edited(lies).contains("cannot be one"));
        let larger = |manifest: &mut Value| {
            lies(manifest);
            manifest["shards"][0]["bytes"] = json!(u64::MAX);
        };
        edited(larger);
    }
    let twice = edited(|manifest| {
        let shard = manifest["shards"][0].clone();
        manifest["count"] = json!(2 * shard["count"].as_u64().unwrap());
        manifest["shards"].as_array_mut().unwrap().push(shard);
    });
    assert!(twice.contains("cannot be one"), "{twice}");
}

#[test]
fn folds_may_be_as_many_as_numbers_reach() {
    let folder = imported();
    let out = folder.path().join("out");
    let folds = Some(FoldSelection { count: usize::MAX, fold: usize::MAX - 1 });
    SplitRecipe::default().with_folds(folds).write(&out).unwrap();
    let parts = Dataset::open(&out).unwrap().parts().unwrap();
    assert!(parts.contains(&Part::Test), "the last fold has the last sketch of each class");
}

#[test]
#[cfg(unix)]
fn a_split_that_cannot_be_opened_is_not_passed_over() {
    let folder = imported();
    let split = folder.path().join("out/split.json");
    std::os::unix::fs::symlink(&split, &split).unwrap();
    let error = Dataset::open(folder.path().join("out")).err().expect("no data set").to_string();
    assert!(error.contains("split.json"), "{error}");
}

#[test]
fn many_words_of_many_bytes_can_be_read_again() {
    let folder = tempdir().unwrap();
    let source = folder.path().join("words.ndjson");
    let word = "\\u0001".repeat(240);
    let line = |at| format!("{{\"word\":\"{word}{at}\",\"drawing\":[[[1,2],[3,4]]]}}\n");
    fs::write(&source, (0..48_000).map(line).collect::<String>()).unwrap();
    let manifest = import(&source, &folder.path().join("out"));
    assert_eq!(Dataset::open(folder.path().join("out")).unwrap().manifest(), &manifest);
}

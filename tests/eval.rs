//! `dabnet eval`: the shipped model on the sketches that its card was measured on.

use std::fs;

use crate::common::{assert_one_clear_line, dabnet, shipped, stderr, stdout};
use serde_json::Value;

#[test]
fn the_card_of_the_shipped_model_is_right() {
    let data = shipped("data/quickdraw-20");
    let output = dabnet(&["eval", "--json", "--model", "quickdraw-20", "--data", data.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&found["count"], &found["part"], &found["left_out"]),
        (&600.into(), &"test".into(), &0.into())
    );
    let card = fs::read_to_string(shipped("models/quickdraw-20/README.md")).unwrap();
    let percent = |field: &str| format!("{:.1} %", 100.0 * found[field].as_f64().unwrap());
    let line = format!("top-1 {}, top-5 {} of 600", percent("top1"), percent("top5"));
    assert!(card.contains(&line), "the card does not say: {line}");
    let confusion = found["confusion"].as_array().unwrap();
    let total: u64 =
        confusion.iter().flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(total, 600);
}

#[test]
fn classes_are_listed_and_the_unknown_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.ndjson");
    let line = |word: &str| format!("{{\"word\":\"{word}\",\"drawing\":[[[0,9],[0,9]]]}}\n");
    fs::write(&file, ["cat", "cat", "unicorn"].map(line).concat()).unwrap();
    let run = |more: &[&str]| {
        let file = file.to_str().unwrap();
        dabnet(&[&["eval", "--model", "quickdraw-20", "--data", file], more].concat())
    };
    let output = run(&["--classes"]);
    assert!(stdout(&output).contains("of 2 sketches (all parts)"), "{}", stdout(&output));
    assert!(stdout(&output).lines().any(|line| line.contains("cat") && line.contains('2')));
    assert_one_clear_line(&output, 0, &["1 sketch is of no word"]);
    assert_one_clear_line(&run(&["--ten-crop"]), 2, &["224 or 225", "64"]);
    assert!(stdout(&run(&["--views", "8"])).contains("of 2 sketches"));
    assert_eq!(run(&["--views", "9"]).status.code(), Some(2));
    assert_one_clear_line(&run(&["--part", "test"]), 2, &["some.ndjson"]);
}

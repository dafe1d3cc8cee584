//! `dabnet import`: what it writes is taken wherever a model is, and what it refuses is told in a line.

use std::{fs, path::Path};

use crate::common::{assert_one_clear_line, dabnet, few, ok, shipped, text};
use serde_json::Value;

fn golden(name: &str) -> String {
    text(&shipped(&format!("crates/onnx/tests/golden/{name}.onnx")))
}

#[test]
fn an_imported_network_is_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(&folder.path().join("a/network"));
    let labels = text(&folder.path().join("labels.txt"));
    let words = ["apple", "bird", "cat", "car", "bus", "dog", "fish"];
    fs::write(&labels, words.join("\r\n") + "\n\n").unwrap();
    let canvas =
        ["--look", "pixels", "--line-width", "0.1", "--margin", "0.05", "--mean", "0.1", "--std", "0.5"];
    ok(&[&["import", &golden("plain"), "-o", &out, "--labels", &labels][..], &canvas].concat());
    let card = fs::read_to_string(folder.path().join("a/network/README.md")).unwrap();
    assert!(card.contains("plain.onnx") && card.contains("pixels on 20 pixels, line width 0.1, margin 0.05"));

    let data = few(folder.path());
    let evaluation = ok(&["eval", "--model", &out, "--data", &data, "--json"]);
    let evaluation: Value = serde_json::from_str(&evaluation).unwrap();
    assert!(evaluation["count"].as_u64().unwrap() > 20, "{evaluation}");
    let summary: Value = serde_json::from_str(&ok(&["summary", "--model", &out, "--json"])).unwrap();
    assert!(summary.to_string().contains("classifier.0"), "{summary}");
    let recognized =
        ok(&["recognize", "--model", &out, &text(&shipped("data/examples/butterfly.png")), "--json"]);
    assert!(words.iter().any(|word| recognized.contains(word)), "{recognized}");
    let bench = ok(&["bench", "--model", &out, "--threads", "1", "--json"]);
    assert!(bench.contains("median_ms"), "{bench}");
    let page = text(&folder.path().join("report.html"));
    let analysis: Value = serde_json::from_str(&ok(&["analyze", &out, "-o", &page, "--json"])).unwrap();
    let tensors = analysis["tensors"].as_array().unwrap();
    assert!(tensors.iter().any(|tensor| tensor["name"] == "classifier.0.weight"), "{analysis}");
    assert!(fs::read_to_string(page).unwrap().contains("classifier.0"));
}

#[test]
fn a_picture_in_three_channels_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(folder.path());
    let refused = dabnet(&["import", &golden("colour"), "-o", &out]);
    assert_one_clear_line(&refused, 2, &["colour.onnx", "3 channels", "--rgb"]);
    ok(&["import", &golden("colour"), "-o", &out, "--rgb"]);
}

#[test]
fn what_is_there_is_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let (out, card) = (text(folder.path()), folder.path().join("README.md"));
    fs::write(&card, "mine").unwrap();
    let refused = dabnet(&["import", &golden("plain"), "-o", &out]);
    assert_one_clear_line(&refused, 2, &["README.md", "is there already", "--force"]);
    assert_eq!(fs::read_to_string(&card).unwrap(), "mine");
    assert!(!folder.path().join("model.safetensors").exists());
    ok(&["import", &golden("plain"), "-o", &out, "--force"]);
    assert!(fs::read_to_string(&card).unwrap().contains("plain.onnx"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(&folder.path().join("out"));
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        text(&path)
    };
    let import = |model: &str, more: &[&str], told: &[&str]| {
        let refused = dabnet(&[&["import", model, "-o", &out][..], more].concat());
        assert_one_clear_line(&refused, 2, told);
    };
    import(&text(&folder.path().join("none.onnx")), &[], &["cannot read", "none.onnx"]);
    import(&file("text.onnx", "no network"), &[], &["text.onnx", "is no ONNX model, or damaged"]);
    import(&golden("plain"), &["--labels", &file("few.txt", "one\ntwo\n")], &["2 labels for 7 outputs"]);
    import(
        &golden("plain"),
        &["--labels", &file("gap.txt", "one\n\ntwo\n")],
        &["gap.txt", "line 2 is empty"],
    );
    import(
        &golden("plain"),
        &["--labels", &file("twice.txt", "\u{feff}one\r\ntwo\r\none\r\n")],
        &["twice.txt", "line 3 is 'one'", "an earlier line"],
    );
    import(&golden("plain"), &["--side", "64"], &["has a side of 20, not 64"]);
    import(&golden("plain"), &["--look", "bitmap"], &["28", "20"]);
    import(&golden("plain"), &["--std", "0"], &["std"]);
    assert!(!Path::new(&out).exists(), "what is refused leaves nothing");
}

//! Errors of options and files: in words that everybody knows, and before anything of a person's is replaced.

use std::fs;

use crate::common::{assert_one_clear_line, dabnet, ok, shipped, stderr, text};

/// Words of Rust and its libraries, which say nothing to who does not program in it.
const INTERNAL: [&str; 8] = ["usize", "u8", "u16", "f32", "f64", "variant", "literal", "..="];

#[test]
fn values_are_refused_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (text(&shipped("data/quickdraw-20")), text(&folder.path().join("run")));
    let train = ["train", "--data", &data, "--out", &out];
    let options: [(&[&str], &str); 17] = [
        (&["--epochs", "99999999999"], "0 to 4294967295"),
        (&["--epochs", "many"], "no whole number"),
        (&["--learning-rate", "fast"], "no number"),
        (&["--schedule", "linear"], "--schedule: unknown value `linear`: give one of `one-cycle`"),
        (&["--channels", "color"], "--channels: unknown value `color`: give one of `ink`"),
        (&["--scheme", "other"], "--scheme: unknown value `other`: give one of `dab`, `sign`"),
        (&["--momentum", "0.9"], "--momentum goes with --optimizer sgd"),
        (&["--epochs", "-1"], "invalid value '-1'"),
        (&["--betas", "0.9"], "two numbers"),
        (&["--schedule", "halving"], "--halve-every is missing"),
        (&["--epochs", "0"], "dabnet: --epochs must be at least 1"),
        (&["--ema", "1.5"], "dabnet: --ema must be in [0, 1)"),
        (&["--schedule", "cosine", "--warm-up", "-1"], "dabnet: --warm-up must be at least 0"),
        (&["--momentum", "2", "--optimizer", "sgd"], "dabnet: --momentum must be in [0, 1)"),
        (&["--side", "0"], "is not within 8 to 1024"),
        (&["--temperature", "3"], "--temperature goes with --teacher"),
        (&["--warm-up", "2"], "--warm-up goes with --schedule cosine"),
    ];
    for (more, part) in options {
        let output = dabnet(&[&train, more].concat());
        assert_one_clear_line(&output, 2, &[part]);
        assert!(!INTERNAL.iter().any(|word| stderr(&output).contains(word)), "{}", stderr(&output));
    }
    let config = text(&folder.path().join("config.toml"));
    let files = [
        ("[train]\nbatch = -1", "line 2: train.batch: invalid value: integer `-1`: give a whole number"),
        ("[train]\nepoch = 1", "line 2: train: unknown setting `epoch`: give one of `scheme`"),
        ("side = 3.5", "line 1: side: invalid type: floating point `3.5`: give a whole number"),
        ("[train]\nepochs = 0", "train.epochs must be at least 1"),
        ("[train]\nseed = -1", "line 2: train.seed"),
        ("[train.optimizer]\nname = \"other\"", "unknown value `other`: give one of `adam`"),
    ];
    for (content, part) in files {
        fs::write(&config, content).unwrap();
        let output = dabnet(&[&train[..], &["--config", &config]].concat());
        assert_one_clear_line(&output, 2, &[&config, part]);
        assert!(!INTERNAL.iter().any(|word| stderr(&output).contains(word)), "{}", stderr(&output));
    }
    assert!(!fs::exists(&out).unwrap());
}

#[test]
fn a_cause_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let [missing, out] = ["missing.onnx", "out"].map(|name| text(&folder.path().join(name)));
    let readme = text(&shipped("README.md"));
    let commands: [(&[&str], &str); 2] = [
        (&["import", &missing, "-o", &out], "missing.onnx"),
        (&["data", "import", &readme, "-o", &out], "README.md"),
    ];
    for (command, name) in commands {
        let output = dabnet(command);
        assert_one_clear_line(&output, 2, &[]);
        assert_eq!(stderr(&output).matches(name).count(), 1, "{}", stderr(&output));
    }
}

#[test]
fn an_output_that_is_there_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let [picture, file] = ["mine.png", "mine.html"].map(|name| text(&folder.path().join(name)));
    [&picture, &file].into_iter().for_each(|path| fs::write(path, "mine").unwrap());
    let (data, sketch) = (text(&shipped("data/examples")), text(&shipped("data/examples/butterfly.png")));
    let network = text(&shipped("crates/onnx/tests/golden/plain.onnx"));
    let commands: [&[&str]; 5] = [
        &["data", "render", &data, "-o", &picture],
        &["recognize", &sketch, "--show", &picture],
        &["binarize", &network, "-o", &file],
        &["analyze", &network, "-o", &file],
        &["pack", "run", "-o", &file],
    ];
    for command in commands {
        assert_one_clear_line(&dabnet(command), 2, &["mine.", "is there already", "--force"]);
    }
    assert!([&picture, &file].iter().all(|path| fs::read(path).unwrap() == b"mine"));
    ok(&[commands[0], &["--force"]].concat());
    assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_picture_is_a_png() {
    let sketch = text(&shipped("data/examples/butterfly.png"));
    assert_one_clear_line(&dabnet(&["recognize", &sketch, "--show", "seen.jpg"]), 2, &["seen.jpg", ".png"]);
}

#[test]
fn a_file_is_no_folder_and_a_run_no_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let [file, run] = ["file", "run"].map(|name| text(&folder.path().join(name)));
    fs::write(&file, "mine").unwrap();
    let data = text(&shipped("data/quickdraw-20"));
    let network = text(&shipped("crates/onnx/tests/golden/plain.onnx"));
    let commands: [&[&str]; 4] = [
        &["train", "--data", &data, "--out", &file],
        &["data", "import", &data, "-o", &file],
        &["quickstart", "-o", &file],
        &["import", &network, "-o", &file],
    ];
    for command in commands {
        assert_one_clear_line(&dabnet(command), 2, &[&file, "is a file", "folder"]);
    }
    fs::create_dir(&run).unwrap();
    ["config.toml", "run.lock"].iter().for_each(|name| fs::write(format!("{run}/{name}"), "").unwrap());
    assert_one_clear_line(&dabnet(&["data", "inspect", &run]), 2, &[&run, "training run"]);
    let sketch = text(&shipped("data/examples/butterfly.png"));
    let recognize = dabnet(&["recognize", "--model", &text(&shipped("data/examples")), &sketch]);
    assert_one_clear_line(&recognize, 2, &["examples has no model.safetensors", "quickdraw-345"]);
    let recognize = dabnet(&["recognize", "--model", &run, &sketch]);
    assert_one_clear_line(&recognize, 2, &["has not ended", "dabnet train --out", "dabnet pack"]);
}

#[test]
fn what_a_quickstart_did_not_write_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for name in ["report.html", "dab/model.safetensors"] {
        let path = out.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
        let output = dabnet(&["quickstart", "--fast", "-o", &text(&out)]);
        assert_one_clear_line(&output, 2, &["something else in it", "--force"]);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn strokes_lie_in_the_folder_of_their_class_too() {
    let folder = tempfile::tempdir().unwrap();
    let [cat, out] = ["own/cat", "out"].map(|name| folder.path().join(name));
    fs::create_dir_all(&cat).unwrap();
    fs::write(cat.join("1.json"), r#"{"strokes": [[[0, 0], [9, 5]]]}"#).unwrap();
    fs::write(cat.join("2.json"), r#"{"word": "dog", "strokes": [[[0, 0], [9, 5]]]}"#).unwrap();
    fs::write(cat.join("about.json"), r#"{"author": "me"}"#).unwrap();
    ok(&["data", "import", &text(&folder.path().join("own")), "-o", &text(&out)]);
    let inspected = ok(&["data", "inspect", &text(&out), "--classes"]);
    assert!(inspected.contains("cat") && inspected.contains("dog"), "{inspected}");
    let none = dabnet(&["eval", "--data", &text(&out), "--model", "quickdraw-20", "--part", "test"]);
    assert_one_clear_line(&none, 2, &["has no test part"]);
    assert!(
        stderr(&dabnet(&["eval", "--data", &text(&out), "--model", "quickdraw-20"]))
            .contains("has no test part")
    );
}

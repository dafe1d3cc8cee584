//! `dabnet recognize` on real sketches and on what is none.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::common::{assert_one_clear_line, dabnet, shipped, stderr, stdout};
use serde_json::Value;

const EXAMPLES: [&str; 5] = [
    "data/examples/airplane.svg",
    "data/examples/alarm-clock.svg",
    "data/examples/bicycle.png",
    "data/examples/butterfly.png",
    "data/examples/quickdraw.ndjson",
];

fn recognize(arguments: &[&Path]) -> std::process::Output {
    let mut all = vec![Path::new("recognize")];
    all.extend(arguments);
    dabnet(&all)
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn every_format_is_labelled() {
    for example in EXAMPLES {
        let output = recognize(&[&shipped(example)]);
        assert!(output.status.success(), "{}", stderr(&output));
        let lines = stdout(&output);
        assert_eq!(lines.lines().count(), if example.ends_with("ndjson") { 3 } else { 1 }, "{lines}");
        assert!(lines.lines().all(|line| line.matches('%').count() == 3), "{lines}");
    }
}

#[test]
fn what_strokes_add_is_what_is_missing_without_them() {
    let output =
        recognize(&[Path::new("--explain"), Path::new("--json"), &shipped("data/examples/quickdraw.ndjson")]);
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = fs::read_to_string(shipped("data/examples/quickdraw.ndjson")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (answer, line) in stdout(&output).lines().zip(lines.lines()) {
        let (answer, mut sketch): (Value, Value) =
            (serde_json::from_str(answer).unwrap(), serde_json::from_str(line).unwrap());
        let strokes = answer["strokes"].as_array().unwrap();
        assert_eq!(strokes.len(), sketch["drawing"].as_array().unwrap().len());
        if strokes.len() < 2 {
            continue;
        }
        let first = &answer["predictions"][0];
        sketch["drawing"].as_array_mut().unwrap().remove(1);
        let file = written(folder.path(), "without.ndjson", sketch.to_string().as_bytes());
        let without = recognize(&[Path::new("--top"), Path::new("345"), Path::new("--json"), &file]);
        let without: Value = serde_json::from_str(&stdout(&without)).unwrap();
        let guesses = without["predictions"].as_array().unwrap();
        let same = guesses.iter().find(|guess| guess["label"] == first["label"]).unwrap();
        let expected = first["probability"].as_f64().unwrap() - same["probability"].as_f64().unwrap();
        assert!((strokes[1].as_f64().unwrap() - expected).abs() < 1e-5, "{answer}");
    }
}

#[test]
fn the_shipped_models_know_the_examples() {
    let words = ["airplane", "alarm clock", "bicycle", "butterfly", "cat", "bicycle", "umbrella"];
    for (model, known) in
        [("quickdraw-345", &words[..]), ("quickdraw-20", &words), ("tu-berlin-250", &words[..4])]
    {
        let files = EXAMPLES.map(shipped);
        let files = files.iter().map(PathBuf::as_path).take(if known.len() > 4 { 5 } else { 4 });
        let output = recognize(
            &[Path::new("--json"), Path::new("--model"), Path::new(model)]
                .into_iter()
                .chain(files)
                .collect::<Vec<_>>(),
        );
        let labels: Vec<String> = stdout(&output)
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["predictions"][0]["label"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(labels, known, "{model}");
    }
}

#[test]
fn models_are_called_by_name() {
    let clock = shipped(EXAMPLES[1]);
    let said = |more: &[&str]| {
        let more = more.iter().map(Path::new);
        let arguments: Vec<&Path> =
            [clock.as_path(), Path::new("--top=345")].into_iter().chain(more).collect();
        recognize(&arguments)
    };
    let labels = |output: std::process::Output| stdout(&output).matches('%').count();
    assert_eq!(labels(said(&["--model", "quickdraw-20"])), 20);
    assert_eq!(labels(said(&["--model", "quickdraw-345"])), 345);
    assert_eq!(labels(said(&["--model", "tu-berlin-250"])), 250);
    assert_eq!(stdout(&said(&[])), stdout(&said(&["--model", "quickdraw-345"])));
    assert_one_clear_line(
        &said(&["--model", "quickdraw-21"]),
        2,
        &["quickdraw-21", "quickdraw-345, quickdraw-20, tu-berlin-250 or quickdraw-20-mini"],
    );
}

#[test]
fn json_is_one_object_a_sketch() {
    let output = recognize(&[&shipped(EXAMPLES[4]), Path::new("--json"), Path::new("--top"), Path::new("4")]);
    let text = stdout(&output);
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3);
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer["item"], index + 1);
        assert!(answer["word"].is_string() && answer["id"].is_string());
        let predictions = answer["predictions"].as_array().unwrap();
        assert_eq!(predictions.len(), 4);
        let probabilities: Vec<f64> =
            predictions.iter().map(|guess| guess["probability"].as_f64().unwrap()).collect();
        assert!(probabilities.is_sorted_by(|a, b| a >= b) && probabilities[0] <= 1.0, "{probabilities:?}");
    }
}

#[test]
fn what_the_model_saw_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (sketch, picture) = (shipped("data/examples/butterfly.png"), folder.path().join("seen.png"));
    let output = recognize(&[&sketch, &sketch, Path::new("--show"), &picture]);
    assert!(output.status.success(), "{}", stderr(&output));
    let seen = image::open(&picture).unwrap().to_luma8();
    let ink = |left: u32| {
        (0..168 * 168).filter(|at| seen.get_pixel(left + at % 168, 8 + at / 168).0[0] < 99).count()
    };
    assert!(ink(6) > 500 && ink(6) == ink(6 + 168 + 6), "{} {}", ink(6), ink(180));
    // `--show *.png` is not to draw over the first of them.
    let copy = written(folder.path(), "copy.png", &fs::read(&sketch).unwrap());
    let drawn_over = recognize(&[Path::new("--show"), &copy, &sketch]);
    assert_one_clear_line(&drawn_over, 2, &["copy.png", "--force"]);
    assert!(fs::read(&copy).unwrap() == fs::read(&sketch).unwrap());
    assert!(recognize(&[Path::new("--force"), Path::new("--show"), &copy, &sketch]).status.success());
}

#[test]
fn standard_input_and_folders_are_read() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dabnet"))
        .args(["recognize", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(shipped(EXAMPLES[0])).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && stdout(&output).contains("standard input"), "{}", stdout(&output));

    let output = recognize(&[&shipped("data/examples")]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 7);
}

#[test]
fn what_cannot_be_read_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let png = fs::read(shipped(EXAMPLES[3])).unwrap();
    let svg = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>words</text></svg>"##;
    let empty_folder = folder.path().join("nothing-here");
    fs::create_dir(&empty_folder).unwrap();
    let cases = [
        (folder.path().join("missing.svg"), "missing.svg"),
        (written(folder.path(), "empty.png", b""), "empty.png"),
        (written(folder.path(), "truncated.png", &png[..png.len() / 2]), "truncated.png"),
        (written(folder.path(), "text.svg", svg), "text.svg"),
        (written(folder.path(), "text.txt", b"hello"), "text.txt"),
        (written(folder.path(), "broken.svg", b"<svg"), "broken.svg"),
        (empty_folder, "nothing-here"),
    ];
    for (path, name) in cases {
        let output = recognize(&[&path]);
        assert_one_clear_line(&output, 2, &[name]);
        assert!(stdout(&output).is_empty());
    }
}

#[test]
fn a_broken_line_is_named_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(shipped(EXAMPLES[4])).unwrap();
    let mut lines: Vec<&str> = good.lines().collect();
    lines.insert(1, r#"{"word":"cat","drawing":[[[1,2],[3"#);
    let path = written(folder.path(), "sketches.ndjson", lines.join("\n").as_bytes());
    let output = recognize(&[&path]);
    assert_one_clear_line(&output, 1, &["sketches.ndjson", "line 2"]);
    assert_eq!(stdout(&output).lines().count(), 3);
}

#[test]
fn what_a_file_is_called_cannot_break_the_line() {
    assert_one_clear_line(&recognize(&[Path::new("a\nb\u{1b}[31m.png")]), 2, &["a\\nb\\u{1b}[31m.png"]);
}

/// A reader of the messages that goes away is no reason to stop.
#[cfg(unix)]
#[test]
fn messages_that_nobody_reads_do_not_matter() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dabnet"))
        .arg("recognize")
        .args([Path::new("missing.png"), &shipped(EXAMPLES[0])])
        .stderr(writer)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output).lines().count(), 1);
}

#[test]
fn one_bad_file_among_good_ones_does_not_stop_them() {
    let output = recognize(&[&shipped(EXAMPLES[0]), Path::new("missing.png"), &shipped(EXAMPLES[3])]);
    assert_one_clear_line(&output, 1, &["missing.png"]);
    assert_eq!(stdout(&output).lines().count(), 2);
}

#[test]
fn any_flipped_byte_in_a_models_header_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let model = fs::read(shipped("models/quickdraw-20/model.safetensors")).unwrap();
    let header = 8 + u64::from_le_bytes(model[..8].try_into().unwrap()) as usize;
    for at in (0..header).step_by(header / 40) {
        let mut damaged = model.clone();
        damaged[at] ^= 0x01;
        let path = written(folder.path(), "damaged.safetensors", &damaged);
        let output = recognize(&[&shipped(EXAMPLES[0]), Path::new("--model"), &path]);
        assert_one_clear_line(&output, 2, &["damaged.safetensors"]);
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [&["recognize"][..], &["recognise"], &["recognize", "a.png", "--top", "0"], &[]] {
        let output = dabnet(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!stderr(&output).contains("panicked"));
    }
}

#[test]
fn help_has_examples() {
    for command in ["recognize", "quickstart"] {
        let output = dabnet(&[command, "--help"]);
        assert!(output.status.success() && stdout(&output).contains("Examples:"), "{command}");
    }
}

#[test]
fn what_is_passed_over_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("cat")).unwrap();
    fs::copy(shipped("data/examples/butterfly.png"), folder.path().join("a.png")).unwrap();
    let output = recognize(&[folder.path()]);
    assert!(output.status.success() && stderr(&output).contains("1 folder in"), "{}", stderr(&output));
    let lines = format!("{}{{}}\n", "{\"no\": 1}\n".repeat(40));
    let output = recognize(&[&written(folder.path(), "bad.ndjson", lines.as_bytes())]);
    assert_eq!(stderr(&output).lines().count(), 6, "{}", stderr(&output));
    assert!(stderr(&output).contains("36 more sketches that cannot be read"), "{}", stderr(&output));
    // Several runs in one folder, as a quickstart leaves them.
    let runs = folder.path().join("runs");
    for name in ["dab", "full"] {
        fs::create_dir_all(runs.join(name)).unwrap();
        fs::copy(shipped("models/quickdraw-20/model.safetensors"), runs.join(name).join("model.safetensors"))
            .unwrap();
    }
    let sketch = shipped("data/examples/butterfly.png");
    let output = recognize(&[Path::new("--model"), &runs, &sketch]);
    assert_one_clear_line(&output, 2, &["runs", "'dab', 'full'"]);
}

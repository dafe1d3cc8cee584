//! `dabnet train` with teachers, sketches without labels, and networks to begin with.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::common::{assert_one_clear_line, dabnet, few, shipped as shipped_folder, stderr, stdout, text};
use dabnet_engine::PackedModel;
use dabnet_graph::{Canvas, ConvSpec, GraphBuilder, Look, Policy, Preprocessing, Shape};
use serde_json::Value;

/// Trains a run that takes a second or two.
fn train(data: &str, run: &str, more: &[&str]) -> Output {
    let small =
        ["train", "--data", data, "--out", run, "--batch", "16", "--threads", "2", "--save-every", "0"];
    dabnet(&[&small[..], more].concat())
}

fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    stdout(output)
}

/// Lines that nobody has labelled, or of two words that no other data has.
fn lines(folder: &Path, name: &str, words: bool, lean: usize) -> String {
    let path = folder.join(name);
    let line = |index: usize| {
        let (word, end) = [("left", 90), ("right", 50)][index % 2];
        let word = if words { format!("\"word\":\"{word}\",") } else { String::new() };
        format!("{{{word}\"drawing\":[[[0,{end},7],[0,{},90]]]}}\n", lean + index)
    };
    fs::write(&path, (0..40).map(line).collect::<String>()).unwrap();
    text(&path)
}

fn config(run: &str) -> String {
    fs::read_to_string(Path::new(run).join("config.toml")).unwrap()
}

#[test]
fn teachers_of_other_looks_teach_what_nobody_has_labelled() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let [own, whole, broken, moved] =
        ["own", "whole", "broken", "moved"].map(|name| text(&folder.path().join(name)));
    let unlabelled =
        [lines(folder.path(), "none.ndjson", false, 0), lines(folder.path(), "two.ndjson", true, 3)];
    let size = ["--side", "24", "--epochs", "2"];
    ok(&train(&data, &own, &[&size[..], &["--policy", "full", "--look", "paper-tu-berlin"]].concat()));

    let more = ["--teacher", own.as_str(), "--teacher", "quickdraw-20"];
    let more = [&more[..], &size, &["--unlabeled", &unlabelled[0], "--unlabeled", &unlabelled[1]]].concat();
    let trained = train(&data, &whole, &more);
    ok(&trained);
    assert!(stderr(&trained).contains("and 80 without labels"), "{}", stderr(&trained));
    assert!(
        config(&whole).contains(&format!("teacher = [\"{own}\", \"quickdraw-20\"]")),
        "{}",
        config(&whole)
    );

    // Killed after its first checkpoint, it ends as the other.
    let mut child = Command::new(env!("CARGO_BIN_EXE_dabnet"))
        .args([
            "train",
            "--data",
            &data,
            "--out",
            &broken,
            "--batch",
            "16",
            "--threads",
            "1",
            "--save-every",
            "0",
        ])
        .args(&more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !Path::new(&broken).join("latest.safetensors").exists() && child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(120), "no checkpoint in two minutes");
        sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Data may have been moved; other data is refused, and so are other teachers.
    fs::copy(&unlabelled[0], &moved).unwrap();
    let refused = |more: &[&str], parts: &[&str]| {
        assert_one_clear_line(&dabnet(&[&["train", "--out", &broken][..], more].concat()), 2, parts);
    };
    let other = lines(folder.path(), "other.ndjson", false, 5);
    refused(&["--unlabeled", &moved, "--unlabeled", &other], &["checksum of the data without labels"]);
    refused(&["--unlabeled", &moved], &["number of training examples"]);
    refused(&["--teacher", "quickdraw-20"], &["teacher was", "--out"]);
    ok(&dabnet(&["train", "--out", &broken, "--unlabeled", &moved, "--unlabeled", &unlabelled[1]]));
    for file in ["model.safetensors", "latent.safetensors", "history.jsonl"] {
        let [a, b] = [&whole, &broken].map(|run| fs::read(Path::new(run).join(file)).unwrap());
        assert!(a == b, "{file} differs");
    }
}

#[test]
fn teachers_that_cannot_teach_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let words = lines(folder.path(), "words.ndjson", true, 0);
    let [run, empty] = ["run", "empty"].map(|name| text(&folder.path().join(name)));
    fs::create_dir(&empty).unwrap();
    let refused = |more: &[&str], parts: &[&str]| assert_one_clear_line(&train(&words, &run, more), 2, parts);
    refused(&["--teacher", "quickdraw-20"], &["quickdraw-20", "the label 'left' of the data"]);
    refused(&["--teacher", "quickdraw-21"], &["quickdraw-21", "quickdraw-345"]);
    refused(&["--teacher", &empty], &[&empty, "model.safetensors"]);
    refused(&["--teacher", &words], &[&words]);
    refused(&["--unlabeled", &words], &["--unlabeled", "--teacher"]);
    refused(&["--start-from", "quickdraw-21"], &["quickdraw-21"]);
    refused(&["--start-from", "quickdraw-20", "--arch", "vgg-small"], &["dabnet-xs", "--arch"]);
    assert!(!Path::new(&run).exists(), "a refused run leaves nothing");
}

#[test]
fn a_teacher_may_know_more_words() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let run = text(&folder.path().join("run"));
    ok(&train(&data, &run, &["--side", "24", "--epochs", "1", "--teacher", "quickdraw-345"]));
}

fn top1(run: &str) -> f64 {
    let results = fs::read(Path::new(run).join("results.json")).unwrap();
    serde_json::from_slice::<Value>(&results).unwrap()["test"]["top1"].as_f64().unwrap()
}

#[test]
fn a_model_to_begin_with_is_as_good_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let [kept, other] = ["kept", "other"].map(|name| text(&folder.path().join(name)));
    let shipped = dabnet(&["eval", "--model", "quickdraw-20", "--data", &data, "--json"]);
    let shipped: Value = serde_json::from_str(&ok(&shipped)).unwrap();
    let still = ["--start-from", "quickdraw-20", "--epochs", "1", "--learning-rate", "1e-9"];
    let output = train(&data, &kept, &still);
    ok(&output);
    assert!(!stderr(&output).contains("begins anew"), "{}", stderr(&output));
    // Nothing was said of the network: it is that of the model.
    let packed = |model: &str| PackedModel::load(model).unwrap();
    assert_eq!(packed(&kept).graph, packed(&text(&shipped_folder("models/quickdraw-20"))).graph);
    let (before, after) = (shipped["top1"].as_f64().unwrap(), top1(&kept));
    assert!(before > 0.7 && after > before - 0.1, "{before} and {after}");

    let words = lines(folder.path(), "words.ndjson", true, 0);
    let output = train(&words, &other, &[&still[..], &["--line-width", "0.1"]].concat());
    ok(&output);
    assert!(stderr(&output).contains("the last layer begins anew"), "{}", stderr(&output));
    assert!(stderr(&output).contains("seen otherwise: lines on 64"), "{}", stderr(&output));
}

/// A network of no architecture of this program.
fn foreign(folder: &Path) -> String {
    let mut net = GraphBuilder::new("theirs", &Policy::Full, Shape::new(1, 20, 20));
    net.conv("stem", ConvSpec::new(8, 3).padding(1));
    net.relu("stem.relu");
    net.conv("middle", ConvSpec::new(8, 3).padding(1).stride(2));
    net.batch_norm("middle.norm");
    net.relu("middle.relu");
    net.conv("top", ConvSpec::new(16, 3));
    net.relu("top.relu");
    net.global_avg_pool("mean");
    net.conv("head", ConvSpec::new(3, 1));
    net.batch_norm("bias");
    let canvas = Canvas { side: 20, line_width: 0.1, margin: 0.05, mean: 0.25, std: 0.5 };
    let model = PackedModel::random(net.build().unwrap(), Preprocessing::new(Look::Pixels, canvas), 3);
    let path = folder.join("theirs.safetensors");
    model.save(&path).unwrap();
    text(&path)
}

#[test]
fn the_network_of_any_model_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let model = foreign(folder.path());
    for policy in ["full", "wbin", "fbin", "hybrid:top", "hybrid:auto"] {
        let run = text(&folder.path().join(policy.replace(':', "-")));
        let output = train(&data, &run, &["--start-from", &model, "--policy", policy, "--epochs", "1"]);
        ok(&output);
        assert!(stderr(&output).contains("the last layer begins anew"), "{}", stderr(&output));
        let packed = PackedModel::load(&run).unwrap();
        assert_eq!((packed.graph.architecture(), packed.graph.outputs()), ("theirs", 20));
        let Canvas { side, mean, std, .. } = packed.preprocessing.canvas;
        assert_eq!((packed.preprocessing.look, side, mean, std), (Look::Pixels, 20, 0.25, 0.5));
    }
    let run = text(&folder.path().join("run"));
    let refused = |more: &[&str], parts: &[&str]| {
        let more = [&["--start-from", model.as_str()][..], more].concat();
        assert_one_clear_line(&train(&data, &run, &more), 2, parts);
    };
    refused(&["--side", "64"], &["theirs", "1×20×20"]);
    refused(&["--shortcuts"], &["--shortcuts", "theirs"]);
    refused(&["--policy", "hybrid:head"], &["head", "middle, top"]);
    refused(&["--arch", "ours"], &["ours", "sketch-a-net"]);

    // What a run began with it no longer needs; as a teacher it is what it says it is.
    fs::remove_file(&model).unwrap();
    let begun = text(&folder.path().join("fbin"));
    let settings = config(&begun);
    ok(&dabnet(&["train", "--out", &begun]));
    assert_eq!(config(&begun), settings);
    let taught = train(&data, &run, &["--side", "24", "--epochs", "1", "--teacher", &begun]);
    ok(&taught);
}

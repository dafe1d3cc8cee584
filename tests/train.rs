//! `dabnet train` on real sketches: stopped, killed, resumed, packed, and told what makes no sense.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use common::{assert_one_clear_line, dabnet, shipped, stderr, stdout};
use serde_json::Value;
use tempfile::TempDir;

/// Some bundled sketches of every word, split.
fn data(folder: &TempDir) -> String {
    let source = folder.path().join("some.ndjson.gz");
    fs::copy(shipped("data/quickdraw-20/test.ndjson.gz"), &source).unwrap();
    let data = text(&folder.path().join("data"));
    ok(&["data", "import", &text(&source), "-o", &data]);
    ok(&["data", "split", &data, "--test", "10", "--validation", "5"]);
    data
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path of text").to_owned()
}

fn ok(arguments: &[&str]) -> String {
    let output = dabnet(arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

const EPOCHS: usize = 3;
/// 300 sketches to train on, 64 a step.
const STEPS: usize = EPOCHS * (300 / 64);

fn train<'a>(data: &'a str, run: &'a str) -> Vec<&'a str> {
    let recipe = ["--epochs", "3", "--ema", "0.9", "--optimizer", "adamw", "--weight-decay", "0.01"];
    [&["train", "--data", data, "--out", run, "--save-every", "0"][..], &recipe].concat()
}

fn lines(path: PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn started(arguments: &[&str]) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dabnet"));
    program.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until a run has written a checkpoint newer than `before`, if it does not end first.
fn wait_for_checkpoint(child: &mut Child, run: &str, before: Option<std::time::SystemTime>) -> bool {
    let path = Path::new(run).join("latest.safetensors");
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(120) {
        let changed = path.metadata().and_then(|metadata| metadata.modified()).ok();
        if changed.is_some() && changed != before {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        sleep(Duration::from_millis(2));
    }
    panic!("no checkpoint in two minutes");
}

#[test]
fn a_run_that_is_killed_ends_as_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder);
    let [whole, broken] = ["whole", "broken"].map(|name| text(&folder.path().join(name)));
    let printed = ok(&train(&data, &whole));
    assert!(printed.contains("of 200 sketches (part test)"), "{printed}");

    let mut kills = 0;
    let model = Path::new(&broken).join("model.safetensors");
    while !model.exists() && kills < 6 {
        let latest = Path::new(&broken).join("latest.safetensors");
        let before = latest.metadata().and_then(|metadata| metadata.modified()).ok();
        let mut child = started(&train(&data, &broken));
        if wait_for_checkpoint(&mut child, &broken, before) {
            // Anywhere in the steps that follow.
            sleep(Duration::from_millis(7 + 31 * kills));
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills > 1, "it was never killed");
    // What it was begun with needs not be said again.
    ok(&["train", "--out", &broken]);
    for file in ["model.safetensors", "latent.safetensors", "config.toml", "history.jsonl"] {
        let [a, b] = [&whole, &broken].map(|run| fs::read(Path::new(run).join(file)).unwrap());
        assert!(a == b, "{file} differs after {kills} kills");
    }

    let metrics = lines(Path::new(&broken).join("metrics.jsonl"));
    let epochs: Vec<&Value> = metrics.iter().filter(|line| line["kind"] == "epoch").collect();
    assert_eq!(epochs.len(), EPOCHS);
    assert_eq!(epochs[EPOCHS - 1]["step"], STEPS);
    assert_eq!(epochs[0]["validation"]["count"], 100);
    assert!(fs::read_dir(Path::new(&broken).join("tensorboard")).unwrap().count() > 1);

    // What was packed at the end is what the checkpoint packs, and labels what the results say.
    let packed = text(&folder.path().join("packed.safetensors"));
    ok(&["pack", &whole, "-o", &packed]);
    let eval = |model: &str| -> Value {
        serde_json::from_str(&ok(&["eval", "--json", "--data", &data, "--model", model])).unwrap()
    };
    let results: Value =
        serde_json::from_slice(&fs::read(Path::new(&whole).join("results.json")).unwrap()).unwrap();
    for model in [&packed, &whole] {
        assert_eq!(eval(model)["top1"], results["test"]["top1"]);
    }
    let page = text(&folder.path().join("page.html"));
    ok(&["analyze", &whole, "-o", &page]);
    assert!(fs::read_to_string(page).unwrap().contains("conv7"));
}

#[test]
#[cfg(unix)]
fn ctrl_c_stops_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder);
    let run = text(&folder.path().join("run"));
    let mut child = started(&train(&data, &run));
    assert!(wait_for_checkpoint(&mut child, &run, None));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!Path::new(&run).join("model.safetensors").exists());
    ok(&train(&data, &run));
    assert!(Path::new(&run).join("model.safetensors").exists());
}

#[test]
fn a_file_of_settings_says_what_the_command_line_can() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder);
    let [a, b] = ["a", "b"].map(|name| text(&folder.path().join(name)));
    let options = [
        "--policy",
        "hybrid:conv6",
        "--scheme",
        "sign",
        "--epochs",
        "2",
        "--batch",
        "32",
        "--accumulate",
        "1:1,2:2",
        "--optimizer",
        "sgd",
        "--momentum",
        "0.8",
        "--nesterov",
        "--learning-rate",
        "0.05",
        "--schedule",
        "cosine",
        "--warm-up",
        "0.5",
        "--floor",
        "0.001",
        "--center",
        "--label-smoothing",
        "0",
        "--ema",
        "0.5",
        "--real-weight-epochs",
        "1",
        "--activation",
        "rprelu",
        "--shortcuts",
        "--augment",
        "strong",
        "--seed",
        "5",
    ];
    ok(&[&["train", "--data", &data, "--out", &a][..], &options].concat());
    let config = text(&Path::new(&a).join("config.toml"));
    ok(&["train", "--config", &config, "--out", &b]);
    for file in ["model.safetensors", "config.toml"] {
        let [a, b] = [&a, &b].map(|run| fs::read_to_string(Path::new(run).join(file)).unwrap_or_default());
        assert_eq!(a, b);
    }

    // Taught by the first, from its weights.
    let c = text(&folder.path().join("c"));
    let taught = ["--teacher", &a, "--teacher-weight", "0.7", "--start-from", &a, "--epochs", "1"];
    ok(&[&["train", "--data", &data, "--out", &c][..], &taught].concat());
    let config = fs::read_to_string(Path::new(&c).join("config.toml")).unwrap();
    assert!(config.contains("weight = 0.7") && config.contains("start_from"), "{config}");
}

#[test]
fn what_makes_no_sense_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(&folder);
    let run = text(&folder.path().join("run"));
    let refused = |arguments: &[&str], parts: &[&str]| {
        let output = dabnet(&[&["train", "--out", &run][..], arguments].concat());
        assert_one_clear_line(&output, 2, parts);
    };
    let with = |more: &[&'static str]| [&["--data", data.as_str()][..], more].concat();
    refused(&[], &["--data"]);
    refused(&["--data", "nowhere"], &["nowhere"]);
    refused(&with(&["--arch", "lenet"]), &["lenet", "sketch-a-net"]);
    refused(&with(&["--policy", "hybrid:conv99"]), &["conv99", "conv2"]);
    refused(&with(&["--epochs", "0"]), &["epochs"]);
    refused(&with(&["--learning-rate=-1"]), &["learning rate"]);
    refused(&with(&["--optimizer", "sgd", "--betas", "0.9,0.9"]), &["betas"]);
    refused(&with(&["--augment", "wild"]), &["wild", "strong"]);
    refused(&with(&["--side", "12"]), &["sketch-a-net-64"]);
    refused(&with(&["--look", "bitmap"]), &["28"]);
    refused(&with(&["--teacher", "nowhere"]), &["nowhere"]);
    if cfg!(not(feature = "wgpu")) {
        refused(&with(&["--device", "wgpu"]), &["wgpu", "--features wgpu"]);
    }
    assert!(!Path::new(&run).exists(), "a refused run leaves nothing");

    let config = folder.path().join("run.toml");
    let refused_file = |text: &str, parts: &[&str]| {
        fs::write(&config, text).unwrap();
        refused(
            &with(&[]).into_iter().chain(["--config", config.to_str().unwrap()]).collect::<Vec<_>>(),
            parts,
        );
    };
    refused_file("[train]\nepoch = 3\n", &["epoch"]);
    refused_file("[train\n", &["run.toml", "line 1"]);

    ok(&[&["train", "--out", &run, "--epochs", "1"][..], &with(&[])].concat());
    refused(&["--scheme", "sign"], &["scheme", "dab", "sign"]);
    refused(&["--policy", "full"], &["policy", "fbin", "full"]);
    refused(&["--augment", "strong"], &["augment", "light", "strong", "--out"]);
    refused(&["--line-width", "0.1"], &["line_width", "0.04", "0.1"]);
    fs::write(Path::new(&run).join("latest.safetensors"), b"torn").unwrap();
    fs::remove_file(Path::new(&run).join("best.safetensors")).unwrap();
    refused(&[], &["latest.safetensors"]);
}

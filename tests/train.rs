//! `dabnet train` on real sketches: stopped, killed, resumed, packed, and told what makes no sense.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::common::{assert_one_clear_line, dabnet, few, ok, shipped, stderr, stdout, text};
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

/// Of 60 drawings the packed network knows what it has learned, and most of what it has not: with nothing said but the data,
/// the folder, and what makes it quick.
#[test]
fn few_sketches_are_learned() {
    let folder = tempfile::tempdir().unwrap();
    let [data, run] = ["data", "run"].map(|name| text(&folder.path().join(name)));
    let list = text(&folder.path().join("classes.txt"));
    fs::write(&list, "cat\nstar\nbus").unwrap();
    ok(&[
        "data",
        "import",
        &text(&shipped("data/quickdraw-20/test.ndjson.gz")),
        "-o",
        &data,
        "--classes",
        &list,
    ]);
    ok(&["data", "split", &data, "--test", "10"]);
    let output = dabnet(&["train", "--data", &data, "--out", &run, "--arch", "dabnet-xs", "--side", "32"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stderr(&output).contains("has not settled"), "{}", stderr(&output));
    // Of three labels, the right one is among the first five anyway.
    let told = stdout(&output);
    assert!(told.contains("top-1") && !told.contains("top-5"), "{told}");
    let config = fs::read_to_string(Path::new(&run).join("config.toml")).unwrap();
    assert!(config.contains("batch = 8\n") && config.contains("epochs = 93\n"), "{config}");
    let top1 = |part: &str| {
        let answer = ok(&["eval", "--json", "--model", &run, "--data", &data, "--part", part]);
        serde_json::from_str::<Value>(&answer).unwrap()["top1"].as_f64().unwrap()
    };
    assert!(top1("train") > 0.95 && top1("test") > 0.7, "{} {}", top1("train"), top1("test"));
}

const EPOCHS: usize = 3;
/// 300 sketches to train on, 64 a step.
const STEPS: usize = EPOCHS * (300 / 64);

fn train<'a>(data: &'a str, run: &'a str) -> Vec<&'a str> {
    let recipe =
        ["--epochs", "3", "--batch", "64", "--ema", "0.9", "--optimizer", "adamw", "--weight-decay", "0.01"];
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
    refused(&with(&["--learning-rate=-1"]), &["--learning-rate must be positive"]);
    refused(
        &with(&["--optimizer", "sgd", "--betas", "0.9,0.9"]),
        &["betas", "adam or adamw, and not with sgd"],
    );
    refused(&with(&["--augment", "wild"]), &["wild", "strong"]);
    refused(&with(&["--side", "12"]), &["sketch-a-net-64"]);
    refused(&with(&["--look", "bitmap"]), &["28"]);
    refused(&with(&["--look", "paper-sketchy", "--line-width", "0.1"]), &["paper", "0.007", "--line-width"]);
    refused(&with(&["--line-width", "0.9"]), &["line_width", "0.9"]);
    refused(&with(&["--channels", "colour"]), &["colour", "direction"]);
    refused(&with(&["--channels", "order", "--look", "pixels"]), &["order", "pixels", "lines"]);
    let file = text(&folder.path().join("margin.toml"));
    fs::write(&file, "look = \"paper-sketchy\"\nmargin = 0.2\n").unwrap();
    refused(&[&with(&[])[..], &["--config", file.as_str()]].concat(), &["margin", "0.03"]);
    refused(&with(&["--teacher", "nowhere"]), &["nowhere"]);
    refused(&with(&["--momentum", "0.5"]), &["momentum", "--optimizer sgd"]);
    refused(&with(&["--warm-up", "1"]), &["--warm-up", "--schedule cosine"]);
    refused(&with(&["--floor", "0.1"]), &["floor", "--schedule cosine or halving"]);
    for schedule in ["one-cycle", "constant"] {
        refused(&with(&["--schedule", schedule, "--warm-up", "1"]), &["--warm-up", schedule]);
    }
    if cfg!(not(feature = "libtorch")) {
        refused(&with(&["--device", "cuda"]), &["cuda", "--features libtorch"]);
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
    refused_file("[train]\nepoch = 3\n", &["run.toml, line 2", "epoch"]);
    refused_file("preset = \"paper\"\nsides = 3\n", &["run.toml, line 2", "sides"]);
    refused_file("augment = 3\n", &["run.toml, line 1", "a table of amounts"]);
    for (amount, field) in [
        ("flip = nan", "augment.flip"),
        ("flip = -1", "augment.flip"),
        ("flip = 2", "augment.flip"),
        ("rotation = 1e30", "augment.rotation"),
        ("warp = nan", "augment.warp"),
        ("wrap = 0.1", "unknown setting `wrap`"),
    ] {
        refused_file(&format!("augment = {{ {amount} }}\n"), &["run.toml", field]);
    }
    refused_file("[train]\noptimizer = \"adam\"\n", &["run.toml, line 2", "a table", "adam, adamw or sgd"]);
    refused_file("[train]\nepochs = 9223372036854775807\n", &["run.toml", "epochs"]);
    refused_file("[train]\nthreads = 100000\n", &["run.toml", "threads"]);
    if cfg!(not(feature = "libtorch")) {
        refused_file("[train]\ndevice = \"cuda\"\n", &["cuda", "--features libtorch"]);
    }
    refused_file("[train\n", &["run.toml", "line 1"]);

    ok(&[&["train", "--out", &run, "--epochs", "1"][..], &with(&[])].concat());
    refused(&["--scheme", "sign"], &["scheme", "dab", "sign"]);
    refused(&["--policy", "full"], &["policy", "fbin", "full"]);
    refused(&["--augment", "strong"], &["augment", "light", "strong", "--out"]);
    refused(&["--line-width", "0.1"], &["line_width", "0.04", "0.1"]);
    refused(&["--seed", "5"], &[&run, "seed is 0 in the checkpoint and 5 now"]);
    fs::write(Path::new(&run).join("latest.safetensors"), b"torn").unwrap();
    fs::remove_file(Path::new(&run).join("best.safetensors")).unwrap();
    refused(&[], &["latest.safetensors"]);
}

/// A run that takes a second or two.
fn small<'a>(data: &'a str, run: &'a str) -> Vec<&'a str> {
    let size = ["--side", "24", "--batch", "16", "--threads", "1", "--save-every", "0"];
    [&["train", "--data", data, "--out", run][..], &size].concat()
}

/// Runs with something more said.
fn said(arguments: &[&str], more: &[&str]) -> std::process::Output {
    dabnet(&[arguments, more].concat())
}

/// Sketches of two words: lines that lean as much as `lean` says.
fn leaning(folder: &TempDir, name: &str, lean: usize) -> String {
    let path = folder.path().join(name);
    let line = |index: usize| {
        let (word, end) = [("left", 9), ("right", 5)][index % 2];
        format!("{{\"word\":\"{word}\",\"drawing\":[[[0,{end}],[0,{}]]]}}\n", lean + index)
    };
    fs::write(&path, (0..40).map(line).collect::<String>()).unwrap();
    text(&path)
}

#[test]
fn a_run_that_lost_its_latest_checkpoint_says_so_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let run = text(&folder.path().join("run"));
    ok(&[&small(&data, &run)[..], &["--epochs", "1"]].concat());
    let files = ["model.safetensors", "latest.safetensors"].map(|name| Path::new(&run).join(name));
    let model = fs::read(&files[0]).unwrap();
    files.iter().for_each(|file| fs::remove_file(file).unwrap());
    fs::write(Path::new(&run).join(".model.safetensors.4711.tmp"), "torn").unwrap();
    for told in [true, false] {
        let output = dabnet(&["train", "--out", &run]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output).contains("latest.safetensors"), told, "{}", stderr(&output));
        assert!(model == fs::read(&files[0]).unwrap());
    }
    let names = fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names.into_iter().any(|name| name.to_string_lossy().ends_with(".tmp")));
}

#[test]
fn a_run_whose_learning_rate_has_come_down_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let run = text(&folder.path().join("run"));
    ok(&[&small(&data, &run)[..], &["--epochs", "1"]].concat());
    let longer = dabnet(&["train", "--out", &run, "--epochs", "2"]);
    assert_one_clear_line(&longer, 2, &[&run, "begun with 1 epochs", "starts from this one"]);
}

#[test]
fn what_is_refused_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [data, other] = [0, 3].map(|lean| leaning(&folder, &format!("{lean}.ndjson"), lean));
    let run = text(&folder.path().join("run"));
    ok(&[&small(&data, &run)[..], &["--epochs", "1", "--schedule", "constant"]].concat());
    let refused = |data: &str, more: &[&str], code, parts: &[&str]| {
        assert_one_clear_line(&said(&small(data, &run), more), code, parts);
    };
    let config = Path::new(&run).join("config.toml");
    let state = || {
        let events = fs::read_dir(Path::new(&run).join("tensorboard")).unwrap().count();
        (fs::read_to_string(&config).unwrap_or_default(), events)
    };
    let before = state();

    let lock = fs::File::options().write(true).open(Path::new(&run).join("run.lock")).unwrap();
    lock.lock().unwrap();
    refused(&data, &["--epochs", "2"], 1, &["another process"]);
    assert_eq!(state(), before);
    drop(lock);

    refused(&other, &["--epochs", "2"], 2, &["checksum of the data"]);
    assert_eq!(state(), before);

    fs::remove_file(&config).unwrap();
    refused(&data, &["--augment", "none"], 2, &["config.toml", "--out"]);
    assert_eq!(state(), (String::new(), before.1));
}

#[test]
fn a_longer_run_is_known_as_such_from_its_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let run = text(&folder.path().join("run"));
    let begin = [&small(&data, &run)[..], &["--schedule", "constant", "--epochs"]].concat();
    ok(&[&begin[..], &["1"]].concat());
    let before = Path::new(&run).join("latest.safetensors").metadata().unwrap().modified().unwrap();
    let mut child = started(&[&begin[..], &["40"]].concat());
    assert!(wait_for_checkpoint(&mut child, &run, Some(before)));
    child.kill().unwrap();
    child.wait().unwrap();
    let config = fs::read_to_string(Path::new(&run).join("config.toml")).unwrap();
    assert!(config.contains("epochs = 40"), "{config}");
}

#[test]
fn a_run_killed_in_its_first_stage_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = leaning(&folder, "data.ndjson", 0);
    let run = text(&folder.path().join("run"));
    let policy = ["--policy", "hybrid:auto", "--auto-epochs", "20", "--epochs", "1"];
    let mut child = started(&[&small(&data, &run)[..], &policy].concat());
    let first = text(&Path::new(&run).join("first-stage"));
    assert!(wait_for_checkpoint(&mut child, &first, None));
    child.kill().unwrap();
    child.wait().unwrap();
    ok(&["train", "--out", &run]);
}

#[test]
fn what_diverges_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let run = text(&folder.path().join("run"));
    let wild = ["--policy", "full", "--optimizer", "sgd", "--epochs", "2", "--learning-rate", "1e15"];
    let output = said(&small(&data, &run), &wild);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("lower learning rate"), "{}", stderr(&output));
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let run = text(&folder.path().join("run"));
    let mut program = Command::new(env!("CARGO_BIN_EXE_dabnet"));
    program.args([&small(&data, &run)[..], &["--epochs", "1"]].concat());
    program.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let output = program.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot write the output"), "{}", stderr(&output));
}

#[test]
fn a_model_is_tested_as_it_was_trained() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let [start, run] = ["start", "run"].map(|name| text(&folder.path().join(name)));
    ok(&[&small(&data, &start)[..], &["--epochs", "1", "--look", "paper-tu-berlin"]].concat());
    let more = ["--epochs", "2", "--look", "paper-tu-berlin", "--start-from", &start];
    ok(&[&small(&data, &run)[..], &more].concat());
    let found: Value =
        serde_json::from_str(&ok(&["eval", "--json", "--data", &data, "--model", &run])).unwrap();
    let results: Value =
        serde_json::from_slice(&fs::read(Path::new(&run).join("results.json")).unwrap()).unwrap();
    assert_eq!(found["top1"], results["test"]["top1"]);

    // A teacher sees pictures as it learned from them, whatever its student does.
    let other = text(&folder.path().join("other"));
    ok(&[&small(&data, &other)[..], &["--epochs", "1", "--teacher", &start]].concat());

    // What a run once started from it no longer needs.
    fs::remove_dir_all(&start).unwrap();
    ok(&["train", "--out", &run]);
}

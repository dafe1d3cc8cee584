//! `dabnet compare`: trains what is missing and nothing else, and says what the runs say.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::common::{assert_one_clear_line, dabnet, few, shipped, stderr, stdout};
use serde_json::Value;

fn compare(folder: &Path, more: &[&str]) -> Output {
    let runs = folder.join("runs");
    dabnet(&[&["compare", "--out", runs.to_str().unwrap()], more].concat())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn two_networks_over_two_seeds() {
    let folder = tempfile::tempdir().unwrap();
    let (data, folder) = (few(folder.path()), folder.path());
    let told = ["--data", &data, "--network", "xnor,dab", "--seeds", "0,1", "--epochs", "1"];

    let output = compare(folder, &[&told[..], &["--json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output).matches("epoch  1/1").count(), 4, "{}", stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!([&found["train"], &found["validation"], &found["test"]], [310, 0, 100]);
    let mut top1 = Vec::new();
    for (network, key) in [(0, "fbin-sign"), (1, "fbin-dab")] {
        let network = &found["networks"][network];
        let of = |seed| {
            let run = folder.join(format!("runs/sketch-a-net-64-{key}-s{seed}"));
            let results = json(&run.join("results.json"));
            assert_eq!(results["file_bytes"], run.join("model.safetensors").metadata().unwrap().len());
            results["test"]["top1"].as_f64().unwrap()
        };
        let (a, b) = (of(0), of(1));
        assert!((network["top1"]["mean"].as_f64().unwrap() - (a + b) / 2.0).abs() < 1e-12);
        assert!((network["top1"]["sd"].as_f64().unwrap() - (a - b).abs() / 2_f64.sqrt()).abs() < 1e-12);
        assert_eq!(network["runs"][1]["top1"], b);
        assert!(network["milliseconds"].as_f64().unwrap() > 0.0);
        top1.push([a, b]);
    }
    let [d0, d1] = [0, 1].map(|seed| top1[1][seed] - top1[0][seed]);
    let difference = &found["differences"][0];
    assert!((difference["top1"]["mean"].as_f64().unwrap() - (d0 + d1) / 2.0).abs() < 1e-12);
    assert!((difference["standard_error"].as_f64().unwrap() - (d0 - d1).abs() / 2.0).abs() < 1e-12);

    // A second time nothing is trained, and a document gets the table in place of an older one.
    let document = folder.join("accuracy.md");
    fs::write(&document, "# A\n\n<!-- compare:few -->\nold\n<!-- /compare:few -->\n\nend\n").unwrap();
    let written = ["--markdown", document.to_str().unwrap(), "--name", "few"];
    let output = compare(folder, &[&told[..], &written].concat());
    assert!(output.status.success() && !stderr(&output).contains("epoch"), "{}", stderr(&output));
    let text = fs::read_to_string(&document).unwrap();
    assert!(text.starts_with("# A\n\n<!-- compare:few -->\n| network |"), "{text}");
    assert!(text.ends_with("<!-- /compare:few -->\n\nend\n") && !text.contains("old"), "{text}");
    assert!(text.contains("--network xnor,dab --seeds 0,1 --epochs 1"), "{text}");
    let cell = format!("| {} |", percent(&found["networks"][0]["top1"]));
    assert!(text.contains(&cell), "'{cell}' is not in:\n{text}");

    // Of finished runs alone; what is not there is named.
    let output = compare(folder, &["--only-table", "--seeds", "0,1"]);
    assert!(stdout(&output).contains("XNOR-Net") && stdout(&output).contains("DAB-Net − XNOR-Net"));
    let missing = stderr(&output);
    let named = |seed| missing.lines().any(|line| line.ends_with(&format!("64-full-s{seed}")));
    assert!(named(0) && named(1) && missing.lines().count() == 2, "{missing}");

    // Other settings are other runs.
    let refused = compare(folder, &[&told[..6], &["--epochs", "2"]].concat());
    assert_one_clear_line(&refused, 2, &["sketch-a-net-64-fbin-sign-s0", "train.epochs", "was 1", "now 2"]);
    let refused = compare(folder, &["--only-table", "--network", "dab", "--seeds", "0", "--batch", "32"]);
    assert_one_clear_line(&refused, 2, &["fbin-dab-s0", "train.batch"]);
}

fn percent(estimate: &Value) -> String {
    let of = |field: &str| 100.0 * estimate[field].as_f64().unwrap();
    format!("{:.1} ± {:.1}", of("mean"), of("sd"))
}

#[test]
fn what_cannot_be_compared() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = shipped("data/examples");
    let untested = ["--data", data.to_str().unwrap()];
    assert_one_clear_line(&compare(folder, &untested), 2, &["no test part"]);
    assert_one_clear_line(&compare(folder, &["--network", "xnr"]), 2, &["'xnr'", "xnor"]);
    assert_one_clear_line(&compare(folder, &["--arch", "lenet"]), 2, &["lenet", "resnet-18"]);
    let named = ["--data", "d", "--markdown", "a.md", "--name", "a -->"];
    assert_one_clear_line(&compare(folder, &named), 2, &["'a -->'"]);
    assert!(!folder.join("runs").exists());
}

/// Ctrl-C, as a terminal sends it.
#[cfg(unix)]
#[test]
fn interrupted_it_goes_on_with_the_same_command() {
    let folder = tempfile::tempdir().unwrap();
    let (data, folder) = (few(folder.path()), folder.path());
    let runs = folder.join("runs");
    let arguments = ["compare", "--data", &data, "--network", "dab", "--seeds", "3,4", "--epochs", "4"];
    let arguments = [&arguments[..], &["--out", runs.to_str().unwrap()]].concat();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dabnet"))
        .args(&arguments)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("epoch  1/4") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "it ended before its first epoch");
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let rest: Vec<String> = told.lines().map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("the same command goes on")), "{rest:?}");

    let output = dabnet(&arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("going on after step"), "{}", stderr(&output));
    assert!(stdout(&output).lines().any(|line| line.contains("DAB-Net") && line.contains('±')));
}

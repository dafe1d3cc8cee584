//! `--policy hybrid:auto`: layers that keep real inputs are measured once, and stay chosen.

use std::{fs, path::Path};

use crate::common::{assert_one_clear_line, dabnet, few, stderr, stdout};
use serde_json::Value;

fn ok(arguments: &[&str]) -> (String, String) {
    let output = dabnet(arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    (stdout(&output), stderr(&output))
}

fn policy(run: &Path) -> String {
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let line = config.lines().find(|line| line.starts_with("policy")).expect("there is a policy");
    line.split('"').nth(1).expect("it is a text").to_owned()
}

#[test]
fn layers_are_chosen_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let run = folder.path().join("run");
    let arguments = |keep| {
        let run = run.to_str().unwrap();
        [
            "train",
            "--data",
            &data,
            "--epochs",
            "1",
            "--policy",
            "hybrid:auto",
            "--keep-real",
            keep,
            "--out",
            run,
        ]
        .map(str::to_owned)
    };
    let train = |keep| dabnet(&arguments(keep));
    let first = train("2");
    let told = stderr(&first);
    assert!(first.status.success(), "{told}");
    assert!(told.contains("sketch-a-net-64 full dab") && told.contains("input error"), "{told}");

    // The table says what the network of the first stage says, and the policy is its two best.
    let measured = run.join("first-stage");
    let (found, _) = ok(&["hybrid", measured.to_str().unwrap(), "--keep-real", "2", "--json"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["policy"], policy(&run));
    let layers = found["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 6);
    let mut gains: Vec<(f64, bool)> = layers
        .iter()
        .map(|layer| {
            let number = |field: &str| layer[field].as_f64().unwrap();
            assert!((0.0..1.0).contains(&number("error")));
            let row =
                told.lines().find(|line| line.trim_start().starts_with(layer["layer"].as_str().unwrap()));
            assert!(row.unwrap().contains(&format!("{:.3}", number("error"))), "{told}");
            (number("error") / number("share"), layer["real"].as_bool().unwrap())
        })
        .collect();
    gains.sort_by(|a, b| b.0.total_cmp(&a.0));
    assert_eq!(gains.iter().map(|gain| gain.1).collect::<Vec<_>>(), [true, true, false, false, false, false]);

    // Going on measures nothing again, and another choice is another run.
    let again = train("2");
    assert!(again.status.success() && !stderr(&again).contains("input error"), "{}", stderr(&again));
    assert_one_clear_line(&train("3"), 2, &["was begun with policy hybrid:", "another --out"]);
}

#[test]
fn another_run_is_measured_in_place_of_a_first_stage() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let runs = ["full", "hybrid"].map(|name| folder.path().join(name));
    let [full, hybrid] = [0, 1].map(|at| runs[at].to_str().unwrap());
    ok(&["train", "--data", &data, "--epochs", "1", "--policy", "full", "--out", full]);
    let told = ["--epochs", "1", "--policy", "hybrid:auto", "--start-from", full, "--out", hybrid];
    ok(&[&["train", "--data", &data], &told[..]].concat());
    assert!(!runs[1].join("first-stage").exists());
    let (found, _) = ok(&["hybrid", full]);
    assert!(found.ends_with(&format!("--policy {}\n", policy(&runs[1]))), "{found}");

    let wrong = |more: &[&str], parts: &[&str]| {
        let out = folder.path().join("other");
        let train = ["train", "--data", &data, "--epochs", "1", "--out", out.to_str().unwrap()];
        assert_one_clear_line(&dabnet(&[&train[..], more].concat()), 2, parts);
    };
    wrong(&["--keep-real", "2"], &["--policy hybrid:auto"]);
    wrong(&["--policy", "fbin", "--auto-epochs", "2"], &["--policy hybrid:auto"]);
    let too_many = ["--policy", "hybrid:auto", "--keep-real", "7", "--start-from", full];
    wrong(&too_many, &["7 layers", "only 6"]);
}

#[test]
fn compared_with_others_every_seed_chooses() {
    let folder = tempfile::tempdir().unwrap();
    let data = few(folder.path());
    let runs = folder.path().join("runs");
    let arguments = |more: &'static [&'static str]| {
        let compare = ["compare", "--data", &data, "--out", runs.to_str().unwrap(), "--epochs", "1"];
        let networks = ["--policy", "fbin,hybrid:auto", "--seeds", "0,1"];
        [&compare[..], &networks, more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let output = dabnet(&arguments(&["--keep-real", "1"]));
    assert!(output.status.success(), "{}", stderr(&output));
    let chosen = policy(&runs.join("sketch-a-net-64-hybrid-auto-dab-s1"));
    assert!(stdout(&output).contains(&format!("{chosen} (seed 1)")), "{}", stdout(&output));
    let output = dabnet(&arguments(&["--keep-real", "1", "--json"]));
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
    assert_one_clear_line(&dabnet(&arguments(&["--keep-real", "2"])), 2, &["auto.keep_real", "was 1"]);
}

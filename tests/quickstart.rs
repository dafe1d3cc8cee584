//! `dabnet quickstart --fast`, end to end.

use std::{fs, path::Path};

use crate::common::{assert_one_clear_line, dabnet, shipped, stderr, stdout};
use serde_json::Value;

const NETWORKS: [&str; 3] = ["full", "xnor", "dab"];

fn quickstart(out: &Path, more: &[&str]) -> std::process::Output {
    let mut arguments = vec!["quickstart", "--fast", "--seed", "5", "--out", out.to_str().unwrap()];
    arguments.extend(more);
    dabnet(&arguments)
}

fn model(out: &Path, network: &str) -> Vec<u8> {
    fs::read(out.join(network).join("model.safetensors")).unwrap()
}

#[test]
fn a_fast_quickstart_does_the_whole_job_and_repeats_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");

    let output = quickstart(&first, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let table = stdout(&output);
    for expected in ["full precision", "XNOR-Net", "DAB-Net", "top-1", "1-bit MACs", "drawn as: airplane"] {
        assert!(table.contains(expected), "'{expected}' is not in:\n{table}");
    }
    let report = fs::read_to_string(first.join("report.html")).unwrap();
    assert!(report.starts_with("<!DOCTYPE html>") && report.contains("</html>") && report.contains("<svg"));

    // What is finished is not lost to other settings, and not done again.
    let before = model(&first, "dab");
    let other = dabnet(&["quickstart", "--fast", "--seed", "6", "--out", first.to_str().unwrap()]);
    assert_one_clear_line(&other, 2, &["seed", "5", "6"]);
    let again = quickstart(&first, &[]);
    assert!(again.status.success() && !stderr(&again).contains("epoch"), "{}", stderr(&again));
    assert!(model(&first, "dab") == before);

    // One that was stopped before its last network goes on with fewer threads, to the same bytes.
    fs::remove_dir_all(first.join("dab")).unwrap();
    let output = quickstart(&first, &["--json", "--threads", "1"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(model(&first, "dab") == before, "the network differs");

    for network in NETWORKS {
        let history = fs::read_to_string(first.join(network).join("history.jsonl")).unwrap();
        let snapshots: Vec<Value> = history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(snapshots.len(), 6, "the start and five epochs");
        let layers = snapshots[5]["layers"].as_array().unwrap();
        let latent = crate::networks::read(first.join(network).join("latent.safetensors").to_str().unwrap());
        assert_eq!(layers.len(), latent.len());
        for layer in layers {
            let tensor = &latent[&format!("{}.weight", layer["layer"].as_str().unwrap())];
            assert_eq!(layer["alpha"].as_array().unwrap().len(), tensor.shape[0]);
            let least = tensor.numbers().into_iter().fold(f32::INFINITY, f32::min);
            assert_eq!(layer["least"].as_f64().unwrap() as f32, least);
        }
    }

    let results: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let networks = results["networks"].as_array().unwrap();
    for (network, name) in networks.iter().zip(NETWORKS) {
        assert_eq!(network["name"], name);
        assert_eq!(network["file_bytes"], model(&first, name).len());
        // Twenty words: guessing gives 0.05.
        assert!(network["top1"].as_f64().unwrap() > 0.15, "{network}");
    }
    assert!(model(&first, "full").len() > 10 * model(&first, "dab").len());

    let output = dabnet(&[
        Path::new("recognize"),
        Path::new("--model"),
        &first.join("dab"),
        &shipped("data/examples/butterfly.png"),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    assert_one_clear_line(&quickstart(&file, &[]), 2, &["is a file"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");

    // A folder of other things is nobody's to fill.
    assert_one_clear_line(&quickstart(folder.path(), &[]), 2, &["something else in it, file", "--force"]);

    // One that is in the way of the last model only, too: nothing is trained, nothing replaced.
    fs::remove_file(&file).unwrap();
    fs::create_dir(folder.path().join("full")).unwrap();
    let old = folder.path().join("full/model.safetensors");
    fs::write(&old, "old").unwrap();
    fs::write(folder.path().join("dab"), "in the way").unwrap();
    assert_one_clear_line(&quickstart(folder.path(), &[]), 2, &["something else in it", "--force"]);
    assert_one_clear_line(&quickstart(folder.path(), &["--force"]), 1, &["dab"]);
    assert_eq!(fs::read_to_string(&old).unwrap(), "old");
}

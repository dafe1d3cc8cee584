//! `dabnet bench`: that it measures what it is asked to, not how fast this machine is.

use std::{fs, process::Output};

use crate::common::{assert_one_clear_line, dabnet, shipped, stderr, stdout};
use dabnet_engine::Isa;
use serde_json::Value;

const SMALL: [&str; 6] = ["--arch", "sketch-a-net-64", "--policy", "fbin", "--classes", "20"];

fn bench(arguments: &[&str]) -> Output {
    dabnet(&[&["bench", "--seconds", "0.05"], arguments].concat())
}

fn measured(arguments: &[&str]) -> Value {
    let output = bench(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn number(measured: &Value, field: &str) -> f64 {
    measured[field].as_f64().unwrap_or_else(|| panic!("'{field}' is no number in {measured}"))
}

#[test]
fn a_model_is_measured() {
    let folder = shipped("models/quickdraw-20");
    let folder = folder.to_str().unwrap();
    let found = measured(&["--model", folder]);
    let fields = [
        "model",
        "isa",
        "threads",
        "batch",
        "batches",
        "median_ms",
        "p99_ms",
        "images_per_s",
        "peak_rss_bytes",
        "joules_per_image",
        "file_bytes",
        "ink_share",
        "peak_bit_macs_per_s",
        "layers",
    ];
    let mut names: Vec<_> = found.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, {
        let mut fields = fields;
        fields.sort_unstable();
        fields
    });

    assert_eq!((&found["model"], &found["threads"], &found["batch"]), (&folder.into(), &1.into(), &1.into()));
    assert!(Isa::supported().any(|isa| found["isa"] == isa.name()));
    assert!(number(&found, "batches") >= 5.0);
    let median = number(&found, "median_ms");
    assert!(median > 0.0 && number(&found, "p99_ms") >= median);
    assert!((number(&found, "images_per_s") * median / 1e3 - 1.0).abs() < 1e-6);
    let bytes = fs::metadata(shipped("models/quickdraw-20/model.safetensors")).unwrap().len();
    assert_eq!(found["file_bytes"], bytes);
    assert!((0.01..0.5).contains(&number(&found, "ink_share")));
    // What only some systems tell: nothing, or something that can be.
    assert!(found["peak_rss_bytes"].as_u64().is_none_or(|peak| peak > bytes));
    assert!(found["joules_per_image"].as_f64().is_none_or(|joules| joules > 0.0));
    assert!(found["layers"].is_null() && found["peak_bit_macs_per_s"].is_null(), "nobody asked for layers");
}

#[test]
fn the_table_has_a_line_for_everything() {
    let output = bench(&SMALL);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("sketch-a-net-64 fbin, "), "{text}");
    assert!(text.contains("1 sketch of 1×64×64 on 1 thread"), "{text}");
    for line in ["median ", "p99 ", "throughput ", "memory ", "energy ", "ink ", "file "] {
        assert_eq!(text.lines().filter(|found| found.starts_with(line)).count(), 1, "'{line}' in:\n{text}");
    }
    assert!(!text.contains("of peak"), "{text}");
}

#[test]
fn every_instruction_set_is_measured_or_said_to_be_missing() {
    for isa in Isa::ALL {
        let arguments = [&SMALL[..], &["--isa", isa.name()]].concat();
        if isa.is_supported() {
            assert_eq!(measured(&arguments)["isa"], isa.name());
        } else {
            assert_one_clear_line(&bench(&arguments), 2, &[isa.name(), "this machine supports", "scalar"]);
        }
    }
}

/// Two threads share one sketch, or the sketches of a batch; three sketches take no more than three
/// threads.
#[test]
fn threads_and_batches_are_as_asked_for() {
    for (threads, batch, working) in [("2", "1", 2), ("2", "4", 2), ("4", "3", 3), ("1", "2", 1)] {
        let found = measured(&[&SMALL[..], &["--threads", threads, "--batch", batch]].concat());
        assert_eq!((found["threads"].as_u64(), &found["batch"].to_string()[..]), (Some(working), batch));
        let rate = number(&found, "images_per_s") * number(&found, "median_ms") / 1e3;
        assert!((rate - number(&found, "batch")).abs() < 1e-6, "{found}");
    }
    let text = stdout(&bench(&[&SMALL[..], &["--threads", "2", "--batch", "4"]].concat()));
    assert!(text.contains("4 sketches of 1×64×64 on 2 threads"), "{text}");
}

#[test]
fn layers_are_measured_by_name() {
    for arch in ["sketch-a-net-64", "resnet-18", "googlenet", "squeezenet", "densenet-121", "mobilenet"] {
        let network = ["--arch", arch, "--side", "64", "--classes", "10"];
        let output = dabnet(&[&["summary", "--json"], &network[..]].concat());
        let counted: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let found = measured(&[&network[..], &["--per-layer"]].concat());
        let (layers, counted) = (found["layers"].as_array().unwrap(), counted["layers"].as_array().unwrap());
        assert_eq!(layers.len(), counted.len());
        for (layer, counted) in layers.iter().zip(counted) {
            for field in ["name", "precision", "macs"] {
                assert_eq!(layer[field], counted[field]);
            }
            assert!(number(layer, "median_us") >= 0.0);
            assert_eq!(layer["share_of_peak"].is_number(), layer["precision"] == "fbin", "{layer}");
        }
        let sum: f64 = layers.iter().map(|layer| number(layer, "median_us")).sum();
        assert!(sum > 0.0 && number(&found, "peak_bit_macs_per_s") > 0.0);
    }
    let text = stdout(&bench(&[&SMALL[..], &["--per-layer"]].concat()));
    for part in ["conv1", "conv8", "of peak", "a thread, in registers"] {
        assert!(text.contains(part), "'{part}' is not in:\n{text}");
    }
}

#[test]
fn what_cannot_be_measured_is_said() {
    assert_one_clear_line(&bench(&["--arch", "vgg"]), 2, &["vgg", "resnet-18"]);
    assert_one_clear_line(&bench(&["--arch", "resnet-18", "--policy", "half"]), 2, &["half"]);
    assert_one_clear_line(&bench(&["--arch", "resnet-18", "--side", "4000"]), 2, &["4000", "1024"]);
    assert_one_clear_line(&bench(&["--model", "nowhere"]), 2, &["nowhere"]);
    let not_a_model = shipped("Cargo.toml");
    assert_one_clear_line(
        &bench(&["--model", not_a_model.to_str().unwrap()]),
        2,
        &["Cargo.toml", "safetensors"],
    );
    for (option, value, hint) in [
        ("--isa", "mmx", "avx2"),
        ("--threads", "0", "1 to 512"),
        ("--threads", "513", "1 to 512"),
        ("--batch", "0", "1 to 65535"),
        ("--seconds", "0", "from 0.01 to 3600"),
        ("--seconds", "nan", "from 0.01 to 3600"),
        ("--classes", "0", "1 to 65535"),
    ] {
        let output = dabnet(&[&["bench"], &SMALL[..4], &[option, value]].concat());
        assert_one_clear_line(&output, 2, &[option, value, hint]);
    }
    assert_eq!(bench(&[]).status.code(), Some(2));
    assert_eq!(bench(&["--arch", "resnet-18", "--model", "x"]).status.code(), Some(2));
}

/// A stand-in for Python: what is measured there is not this program's.
#[cfg(unix)]
#[test]
fn a_network_of_ones_own_is_compared() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let python = |name: &str, script: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let network = shipped("crates/onnx/tests/golden/plain.onnx");
    let network = network.to_str().unwrap();
    let good = python("good", "echo '9.9.9 1000'; while read form first count; do echo '4.0 2.5 2.5'; done");
    let found = measured(&["--compare", network, "--python", &good]);
    assert_eq!(found["onnx_runtime"], "9.9.9");
    let forms = found["forms"].as_array().unwrap();
    let names: Vec<&str> = forms.iter().map(|form| form["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["dabnet, binary layers", "dabnet, as it is", "ONNX Runtime, fp32", "ONNX Runtime, int8"]
    );
    assert!(forms[..2].iter().all(|form| form["median_ms"].as_f64().unwrap() > 0.0));
    assert_eq!((&forms[2]["median_ms"], &forms[3]["bytes"]), (&2.5.into(), &1000.into()));
    let table = bench(&["--compare", network, "--python", &good]);
    assert!(stdout(&table).contains("times binary"), "{}", stderr(&table));

    let refused = |python: &str, parts: &[&str]| {
        assert_one_clear_line(&bench(&["--compare", network, "--python", python]), 2, parts);
    };
    refused("nowhere/python", &["nowhere/python", "--python"]);
    refused(
        &python("bare", "echo \"ModuleNotFoundError: No module named 'onnxruntime'\" >&2; exit 1"),
        &["pip install"],
    );
    refused(&python("gone", "echo '1.0 0'"), &["ONNX Runtime", "it ended"]);
    let missing = bench(&["--compare", "nowhere.onnx", "--python", &good]);
    assert_one_clear_line(&missing, 2, &["nowhere.onnx"]);
}

//! `dabnet summary` against totals known from elsewhere.

use std::process::Output;

use crate::common::{assert_one_clear_line, dabnet, shipped, stderr, stdout};
use serde_json::Value;

fn summary(arguments: &[&str]) -> Output {
    dabnet(&[&["summary"], arguments].concat())
}

fn counted(arguments: &[&str]) -> Value {
    let output = summary(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// 8,506,432 parameters, 608 M multiply-accumulates, of which 78 M stay in floats when all inner
/// layers are binary: published with the paper's companion, with 72.6 M in the first layer.
#[test]
fn sketch_a_net_is_as_published() {
    let counts = counted(&["--arch", "sketch-a-net"]);
    assert_eq!(counts["total"]["weights"], 8_506_432);
    assert_eq!(counts["layers"][0]["macs"], 72_590_400);
    let macs = |kind: &str| counts["total"][kind].as_u64().unwrap();
    assert_eq!(macs("full_macs") + macs("fbin_macs"), counts["full_precision"]["full_macs"]);
    assert!((607_500_000..608_500_000).contains(&(macs("full_macs") + macs("fbin_macs"))));
}

#[test]
fn a_model_is_what_it_was_built_from() {
    let shipped = shipped("models/quickdraw-20");
    let model = counted(&["--model", shipped.to_str().unwrap()]);
    assert_eq!(model, counted(&["--arch", "dabnet-xs", "--input-bits", "2", "--classes", "20"]));
    assert_eq!(model, counted(&["--model", "quickdraw-20"]));
    let table = stdout(&summary(&["--model", shipped.to_str().unwrap()]));
    for part in ["conv1", "conv2_1", "1-bit MACs", "in full precision", "less energy"] {
        assert!(table.contains(part), "'{part}' is not in:\n{table}");
    }
}

#[test]
fn what_cannot_be_counted_is_said() {
    assert_one_clear_line(&summary(&["--arch", "vgg"]), 2, &["vgg", "sketch-a-net"]);
    assert_one_clear_line(&summary(&["--arch", "sketch-a-net", "--policy", "half"]), 2, &["half"]);
    assert_one_clear_line(&summary(&["--arch", "sketch-a-net", "--side", "20"]), 2, &["pool1", "do not fit"]);
    assert_one_clear_line(
        &summary(&["--model", "nowhere"]),
        2,
        &["nowhere", "quickdraw-345, quickdraw-20, tu-berlin-250 or quickdraw-20-mini"],
    );
    assert_eq!(summary(&[]).status.code(), Some(2));
    assert_eq!(summary(&["--arch", "sketch-a-net", "--model", "x"]).status.code(), Some(2));
}

/// What torchvision counts, without biases and batch normalization, and on one channel: see
/// `crates/graph/tests`.
#[test]
fn networks_with_branches_are_counted() {
    let resnet = counted(&["--arch", "resnet-18", "--classes", "1000", "--policy", "full"]);
    assert_eq!(resnet["total"]["weights"], 11_689_512 - 1_000 - 9_600 - 2 * 64 * 49);
    assert_eq!(resnet["total"], resnet["full_precision"]);
    let googlenet = counted(&["--arch", "googlenet", "--classes", "1000", "--policy", "wbin"]);
    assert_eq!(googlenet["total"]["weights"], 6_998_552 - 8_280 - 2 * 64 * 49);
    for network in [resnet, googlenet] {
        let layers = network["layers"].as_array().unwrap();
        for field in ["weights", "bytes", "macs", "traffic_bytes"] {
            assert!(layers.iter().all(|layer| layer[field].as_u64().is_some_and(|count| count > 0)));
        }
        let energy: f64 = layers.iter().map(|layer| layer["energy_pj"].as_f64().unwrap()).sum();
        assert!((energy / network["total"]["energy_pj"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    }
}

/// Binary layers are what makes the bytes few, and each kind of product is counted in its own column.
#[test]
fn precision_decides_the_costs() {
    for arch in ["resnet-18", "googlenet"] {
        let of = |policy: &str| counted(&["--arch", arch, "--policy", policy])["total"].clone();
        let (full, wbin, fbin) = (of("full"), of("wbin"), of("fbin"));
        let number = |total: &Value, field: &str| total[field].as_f64().unwrap();
        assert!(number(&fbin, "bytes") * 10.0 < number(&full, "bytes"), "{arch}");
        assert!(number(&fbin, "energy_pj") < number(&wbin, "energy_pj"));
        assert!(number(&wbin, "energy_pj") < number(&full, "energy_pj"));
        assert_eq!(number(&wbin, "wbin_macs"), number(&fbin, "fbin_macs"));
        assert_eq!(number(&full, "full_macs"), number(&wbin, "wbin_macs") + number(&wbin, "full_macs"));
        let table = stdout(&summary(&["--arch", arch]));
        for part in ["conv1", "fc", "times fewer bytes", "`dabnet bench` measures"] {
            assert!(table.contains(part), "'{part}' is not in:\n{table}");
        }
    }
}

//! `dabnet summary` against totals known from elsewhere.

mod common;

use std::process::Output;

use common::{assert_one_clear_line, dabnet, shipped, stderr, stdout};
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
    assert_eq!(model, counted(&["--arch", "sketch-a-net-64", "--classes", "20"]));
    let table = stdout(&summary(&["--model", shipped.to_str().unwrap()]));
    for part in ["conv1", "conv8", "1-bit MACs", "12,050,432", "in full precision", "less energy"] {
        assert!(table.contains(part), "'{part}' is not in:\n{table}");
    }
}

#[test]
fn what_cannot_be_counted_is_said() {
    assert_one_clear_line(&summary(&["--arch", "vgg"]), 2, &["vgg", "sketch-a-net"]);
    assert_one_clear_line(&summary(&["--arch", "sketch-a-net", "--policy", "half"]), 2, &["half"]);
    assert_one_clear_line(&summary(&["--arch", "sketch-a-net", "--side", "20"]), 2, &["pool1", "do not fit"]);
    assert_one_clear_line(&summary(&["--model", "nowhere"]), 2, &["nowhere"]);
    assert_eq!(summary(&[]).status.code(), Some(2));
    assert_eq!(summary(&["--arch", "sketch-a-net", "--model", "x"]).status.code(), Some(2));
}

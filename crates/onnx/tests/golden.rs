//! Networks that other tools have exported answer as ONNX Runtime says they do: `scripts/import/golden.py` wrote
//! both.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use dabnet_engine::{Model, PackedModel, Session};
use dabnet_graph::{Canvas, Op, Preprocessing};
use dabnet_onnx::{ImportOptions, import};

const SIDE: usize = 20;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn preprocessing(side: usize) -> Preprocessing {
    Preprocessing::lines(Canvas { side, line_width: 0.1, margin: 0.0, mean: 0.0, std: 1.0 })
}

fn imported(name: &str) -> PackedModel {
    let options = ImportOptions::default().with_rgb(name == "colour");
    import(&golden(&format!("{name}.onnx")), &options, preprocessing)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The picture with this number, as the script draws it.
fn picture(number: usize) -> Vec<f32> {
    let ink = |at: usize| ((at + 37 * number) * 7919 % 101) as f32 / 101.0;
    (0..SIDE * SIDE).map(|at| if ink(at) > 0.6 { ink(at) } else { 0.0 }).collect()
}

fn answers(packed: &PackedModel, pictures: usize) -> Vec<Vec<f32>> {
    let mut session = Session::new(&Model::new(packed.clone()).unwrap());
    (0..pictures).map(|number| session.run(&picture(number)).unwrap().to_vec()).collect()
}

fn expected() -> BTreeMap<String, Vec<Vec<f32>>> {
    serde_json::from_str(&fs::read_to_string(golden("expected.json")).unwrap()).unwrap()
}

#[test]
fn logits_are_those_of_the_file() {
    let expected = expected();
    assert_eq!(expected.len(), 8);
    for (name, expected) in expected {
        let found = answers(&imported(&name), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            let largest = expected.iter().fold(0.0_f32, |most, logit| most.max(logit.abs()));
            assert_eq!(found.len(), expected.len(), "{name}");
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 1e-4 * largest, "{name}: {found}, not {expected}");
            }
        }
    }
}

#[test]
fn what_is_imported_comes_back_from_its_file() {
    for name in expected().keys() {
        let packed = imported(name);
        assert_eq!(PackedModel::from_bytes(&packed.to_bytes().unwrap()).unwrap(), packed, "{name}");
        assert_eq!(packed.provenance["imported"]["file"], format!("{name}.onnx"));
    }
}

/// Layer names are those that PyTorch's exporters give to weights.
#[test]
fn layers_have_the_names_of_their_weights() {
    let packed = imported("plain");
    let convolutions: Vec<&str> =
        packed.graph.convolutions().map(|(_, node, _)| node.name.as_str()).collect();
    assert_eq!(convolutions, ["features.0", "features.5", "classifier.0", "classifier.3"]);
}

#[test]
fn only_what_is_uneven_is_padded_so() {
    let paddings = |name: &str| -> Vec<String> {
        let packed = imported(name);
        packed.graph.convolutions().map(|(_, _, conv)| conv.padding.to_string()).collect()
    };
    assert_eq!(paddings("residual"), ["1", "0", "2", "0", "0"]);
    assert_eq!(paddings("uneven"), ["[0, 0, 1, 1]", "0", "2", "0", "0"]);
}

#[test]
fn a_softmax_at_the_end_is_left_out() {
    let last = |name: &str| imported(name).graph.nodes().last().unwrap().op.clone();
    assert_eq!((last("keras"), last("classic")), (Op::Bias, Op::Bias));
}

#[test]
fn three_channels_want_to_be_asked_for() {
    let error =
        import(&golden("colour.onnx"), &ImportOptions::default(), preprocessing).unwrap_err().to_string();
    assert!(error.contains("3 channels") && error.contains("--rgb"), "{error}");
}

#[test]
fn labels_are_one_an_output() {
    let labels = |count: usize| Some((0..count).map(|label| format!("label {label}")).collect::<Vec<_>>());
    let with = |count| {
        let options = ImportOptions::default().with_labels(labels(count));
        import(&golden("keras.onnx"), &options, preprocessing)
    };
    assert_eq!(with(4).unwrap().labels, labels(4).unwrap());
    let error = with(5).unwrap_err().to_string();
    assert!(error.contains("5 labels for 4 outputs"), "{error}");
    assert_eq!(imported("keras").labels, ["0", "1", "2", "3"]);
}

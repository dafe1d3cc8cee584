//! `dabnet export`: what it writes is read back as the network that it was, and nothing is replaced unasked.

use std::fs;

use crate::common::{assert_one_clear_line, dabnet, ok, shipped, text};

#[test]
fn an_exported_network_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name));
    let sketch = text(&shipped("data/examples/butterfly.png"));
    let labels = path("labels.txt");
    let words = labels_of_the_model();
    fs::write(&labels, words.join("\n")).unwrap();
    let said = ok(&["recognize", "--model", "quickdraw-20", &sketch]);
    for form in ["dense", "qonnx"] {
        let (file, out) = (path(&format!("{form}.onnx")), path(form));
        ok(&["export", "quickdraw-20", "-o", &file, "--form", form]);
        let canvas = ["--line-width", "0.03", "--margin", "0.04", "--labels", &labels];
        ok(&[&["import", &file, "-o", &out][..], &canvas].concat());
        let summary = ok(&["summary", "--model", &out, "--json"]);
        assert!(summary.contains("fbin"), "{summary}");
        let again = ok(&["recognize", "--model", &out, &sketch]);
        assert_eq!(
            again.split(':').nth(1).unwrap().split(' ').nth(1),
            said.split(':').nth(1).unwrap().split(' ').nth(1)
        );
    }
    ok(&["export", "quickdraw-20", "-o", &path("packed.onnx"), "--form", "packed"]);
    let size = |name: &str| fs::metadata(path(name)).unwrap().len();
    assert!(size("packed.onnx") < size("dense.onnx") / 15);
    let refused = dabnet(&["export", "quickdraw-20", "-o", &path("packed.onnx")]);
    assert_one_clear_line(&refused, 2, &["packed.onnx", "--force"]);
    let refused = dabnet(&["export", "quickdraw-20", "-o", &path("x.onnx"), "--form", "int8"]);
    assert_one_clear_line(&refused, 2, &["int8", "dense, packed or qonnx"]);
    let refused = dabnet(&["recognize", "--model", &path("dense.onnx"), &sketch]);
    assert_one_clear_line(&refused, 2, &["dense.onnx", "dabnet import"]);
    assert!(!folder.path().join("x.onnx").exists());
}

fn labels_of_the_model() -> Vec<String> {
    dabnet_engine::PackedModel::load(shipped("models/quickdraw-20")).unwrap().labels
}

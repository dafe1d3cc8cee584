//! `dabnet export`: what it writes is read back as the network that it was, and nothing is replaced unasked.

use std::fs;

use crate::common::{assert_one_clear_line, dabnet, ok, shipped, text};

#[test]
fn an_exported_network_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name));
    let sketch = text(&shipped("data/examples/butterfly.png"));
    let said = ok(&["recognize", "--model", "quickdraw-20", &sketch]);
    for form in ["dense", "qonnx"] {
        let (file, out) = (path(&format!("{form}.onnx")), path(form));
        ok(&["export", "quickdraw-20", "-o", &file, "--form", form]);
        ok(&["import", &file, "-o", &out]);
        let summary = ok(&["summary", "--model", &out, "--json"]);
        assert!(summary.contains("fbin"), "{summary}");
        // How a sketch is drawn, and the labels, are in the file. QONNX adds two sums, and the last digit may be another.
        let again = ok(&["recognize", "--model", &out, &sketch]);
        let end = if form == "dense" { said.len() } else { said.find('%').unwrap() };
        assert_eq!(again[..end], said[..end]);
    }
    // Canvases of five channels, too.
    let (file, out) = (path("345.onnx"), path("345"));
    ok(&["export", "quickdraw-345", "-o", &file]);
    ok(&["import", &file, "-o", &out]);
    assert_eq!(ok(&["recognize", "--model", &out, &sketch]), ok(&["recognize", &sketch]));
    ok(&["export", "quickdraw-20", "-o", &path("packed.onnx"), "--form", "packed"]);
    let size = |name: &str| fs::metadata(path(name)).unwrap().len();
    assert!(size("packed.onnx") < size("dense.onnx") / 15);
    let refused = dabnet(&["export", "quickdraw-20", "-o", &path("packed.onnx")]);
    assert_one_clear_line(&refused, 2, &["packed.onnx", "--force"]);
    let refused = dabnet(&["export", "quickdraw-20", "-o", &path("x.onnx"), "--form", "int8"]);
    assert_one_clear_line(&refused, 2, &["int8", "dense, packed, qonnx or firmware"]);
    let refused = dabnet(&["recognize", "--model", &path("dense.onnx"), &sketch]);
    assert_one_clear_line(&refused, 2, &["dense.onnx", "dabnet import"]);
    assert!(!folder.path().join("x.onnx").exists());
}

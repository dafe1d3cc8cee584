//! Files that are none, or of no known format.

mod common;

use common::{error, example, only};
use dabnet_sketch::{SketchError, read_file};

#[test]
fn missing_folder_and_empty() {
    let folder = tempfile::tempdir().unwrap();
    let missing = read_file(folder.path().join("none.png")).err().unwrap();
    assert!(matches!(missing, SketchError::Open { .. }) && missing.to_string().contains("none.png"));
    assert!(matches!(read_file(folder.path()), Err(SketchError::Folder { .. })));
    let empty = folder.path().join("empty.svg");
    std::fs::write(&empty, "").unwrap();
    assert!(matches!(read_file(&empty), Err(SketchError::Empty { .. })));
    assert!(matches!(only(" \n\t"), Err(SketchError::Empty { .. })));
}

#[test]
fn the_content_decides_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let misnamed = folder.path().join("cat.svg");
    std::fs::copy(example("cat.png"), &misnamed).unwrap();
    assert!(read_file(&misnamed).unwrap().next().unwrap().is_ok());
}

#[test]
fn unknown_formats() {
    for bytes in [&b"GIF89a"[..], b"hello", b"\0\0\0\0", b"[1]"] {
        assert!(matches!(only(bytes), Err(SketchError::Format { .. })));
    }
    assert!(error(&b"\x1f\x8b"[..]).contains("cannot read"));
}

//! Files that are none, or of no known format.

use crate::common::{error, example, only};
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
    std::fs::copy(example("butterfly.png"), &misnamed).unwrap();
    assert!(read_file(&misnamed).unwrap().next().unwrap().is_ok());
}

#[test]
fn unknown_formats() {
    for bytes in [&b"hello"[..], b"\0\0\0\0", b"[1]"] {
        assert!(matches!(only(bytes), Err(SketchError::Format { .. })));
    }
    assert!(error(&b"\x1f\x8b"[..]).contains("cannot read"));
}

#[test]
fn what_is_known_and_not_read_is_called_by_its_name() {
    let files: [(&[u8], &str); 10] = [
        (b"II*\0\x08\0\0\0", "a TIFF picture"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "an AVIF picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC photograph"),
        (b"\0\0\x01\0\x01\0\x20\x20\0\0\x01\0\x18\0", "an icon"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"8BPS\0\x01", "a Photoshop document"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (
            b"<!DOCTYPE html><html><title>404 Not Found</title></html>",
            "a page of HTML or XML, which says '404 Not Found'",
        ),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "which says 'AccessDenied'"),
        (b"<html><body/></html>", "a page of HTML"),
    ];
    for (bytes, told) in files {
        assert!(error(bytes).contains(told), "{}", error(bytes));
    }
}

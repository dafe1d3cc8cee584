//! Whatever the bytes, opening a file is an answer or an error, never a panic.

use std::{fs, path::PathBuf};

use dabnet_weights::WeightSource;
use proptest::prelude::*;

fn open(bytes: &[u8], name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    if let Ok(source) = WeightSource::open(&path) {
        for tensor in source.tensors() {
            let (count, obstacle) = (tensor.filter_count(), tensor.obstacle());
            let read = source.reader().unwrap().filters(tensor, 0..count);
            assert_eq!(read.is_err(), obstacle.is_some(), "{tensor:?}");
        }
    }
}

/// A model with one convolution, made by hand: see the ONNX proto definition for the numbers.
const ONNX: &[u8] = b"\x08\x08\x3a\x2b\x0a\x0c\x0a\x01x\x0a\x01w\x22\x04Conv\
    \x2a\x1b\x08\x02\x08\x02\x10\x01\x42\x01w\x4a\x10\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40";

#[test]
fn the_example_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.onnx");
    fs::write(&path, ONNX).unwrap();
    let source = WeightSource::open(&path).unwrap();
    let tensor = &source.tensors()[0];
    assert_eq!((tensor.name.as_str(), &tensor.shape[..]), ("w", &[2, 2][..]));
    assert_eq!(source.reader().unwrap().filters(tensor, 0..2).unwrap(), [1.0, 2.0, 3.0, 4.0]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn onnx_with_changed_bytes(changes in prop::collection::vec((0..ONNX.len(), any::<u8>()), 1..4)) {
        let mut bytes = ONNX.to_vec();
        changes.into_iter().for_each(|(at, byte)| bytes[at] = byte);
        open(&bytes, "it");
    }

    #[test]
    fn any_bytes_after_the_start_of_a_model(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        open(&[&[0x08], &bytes[..]].concat(), "it");
    }

    #[test]
    fn any_header_of_safetensors(
        header in r#"\{("a":\{"dtype":"(F32|BF16|I8)","shape":\[[0-9]{1,4}(,[0-9]{1,20})?\],"data_offsets":\[0,[0-9]{1,20}\]\})?\}"#,
        data in 0usize..64,
    ) {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.resize(bytes.len() + data, 0);
        open(&bytes, "it");
    }

    #[test]
    fn any_index(text in r#"\{"weight_map":\{("[a-z]{1,3}":"[a-z./]{0,9}",?){0,3}\}\}"#) {
        open(text.as_bytes(), "it.json");
    }
}

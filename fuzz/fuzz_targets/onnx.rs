//! Any bytes as an ONNX file: an error of one line, or a model that is written and read again as the same.
#![no_main]

use std::path::Path;

use dabnet_engine::PackedModel;
use dabnet_graph::{Canvas, Preprocessing};
use dabnet_onnx::{ImportOptions, import_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let options = ImportOptions::default().with_side(Some(16)).with_rgb(bytes.len() % 2 == 0);
    let canvas = |side| Canvas { side, line_width: 0.1, margin: 0.0, mean: 0.0, std: 1.0 };
    // No folder of that name is there to hold tensors.
    let path = Path::new("/no folder/network.onnx");
    match import_bytes(path, bytes.to_vec(), &options, |side| Preprocessing::lines(canvas(side))) {
        Ok(model) => {
            let written = model.to_bytes().expect("what is imported can be written");
            assert_eq!(PackedModel::from_bytes(&written).expect("and read"), model);
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
    }
});

//! Any bytes as images in IDX, and as the labels beside them.
//!
//! The input is the length of the images' file as two bytes, lowest first, that file, and the file of the
//! labels.
#![no_main]

use dabnet_fuzz::check_folder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let Some((images, labels)) = rest.split_at_checked(u16::from_le_bytes(*length).into()) else { return };
    check_folder(&[("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)]);
});

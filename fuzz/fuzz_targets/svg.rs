//! Any text as an SVG file.
#![no_main]

use dabnet_fuzz::check_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| check_file("picture.svg", bytes));

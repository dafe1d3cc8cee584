//! Any bytes as a picture's file: PNG, JPEG or WebP, by what they begin with.
#![no_main]

use dabnet_fuzz::check_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| check_file("picture", bytes));

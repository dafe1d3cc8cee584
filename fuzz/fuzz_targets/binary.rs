//! Any bytes as Quick, Draw!'s binary form.
#![no_main]

use dabnet_fuzz::check_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| check_file("cat.bin", bytes));

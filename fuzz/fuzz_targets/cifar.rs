//! Any bytes as pictures of CIFAR-10, which are known by the name of their file.
#![no_main]

use dabnet_fuzz::check_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| check_file("test_batch.bin", bytes));

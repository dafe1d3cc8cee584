//! Any bytes as a scene of a whiteboard, and JSON that is nearly one.
#![no_main]

use dabnet_fuzz::check_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| check_file("board.excalidraw", bytes));

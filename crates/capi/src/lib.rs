//! The C interface, which `include/dabnet.h` describes: every function checks what it is given, none unwinds into its
//! caller.
//!
//! Pointers come from C, so that each function here is unsafe to call with others than the header allows.

mod guard;
mod ink;
mod model;
mod recognize;
mod teacher;

use std::ffi::{CStr, c_char};

pub use guard::{DabnetStatus, dabnet_last_error};
pub use ink::{
    dabnet_recognizer_add_points, dabnet_recognizer_begin_stroke, dabnet_recognizer_clear,
    dabnet_recognizer_embed, dabnet_recognizer_embed_bits, dabnet_recognizer_guess,
};
pub use model::{
    DabnetModel, dabnet_model_embedding_length, dabnet_model_free, dabnet_model_from_bytes,
    dabnet_model_label, dabnet_model_label_count, dabnet_model_open, dabnet_model_save,
};
pub use recognize::{
    DabnetGuess, DabnetRecognizer, dabnet_recognize_bytes, dabnet_recognize_file, dabnet_recognize_pixels,
    dabnet_recognize_strokes, dabnet_recognizer_free, dabnet_recognizer_is_unknown, dabnet_recognizer_new,
};
pub use teacher::{
    DabnetTeacher, dabnet_teacher_add_strokes, dabnet_teacher_free, dabnet_teacher_new, dabnet_teacher_teach,
};

/// Version of the library, such as `0.1.0`.
#[unsafe(no_mangle)]
pub extern "C" fn dabnet_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => panic!("a version has no NUL"),
        };
    VERSION.as_ptr()
}

//! Words of one's own.

use std::ffi::c_char;

use dabnet::Teacher;

use crate::{
    guard::{DabnetStatus, argument, guarded, hand_over, handle, path},
    model::DabnetModel,
    recognize::strokes,
};

/// Drawings of words that a model is to be taught.
pub struct DabnetTeacher(Teacher);

/// Makes a teacher of a model.
///
/// # Safety
/// `model` was returned by this library and not freed; `out` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_teacher_new(
    model: *const DabnetModel,
    out: *mut *mut DabnetTeacher,
) -> DabnetStatus {
    guarded(|| {
        let make = || {
            // SAFETY: the caller promises it.
            let model = unsafe { model.as_ref() }.ok_or_else(|| argument("a model is null"))?;
            Ok(DabnetTeacher(Teacher::new(model.packed.clone())?))
        };
        // SAFETY: the caller promises it.
        unsafe { hand_over(out, make) }
    })
}

/// Frees a teacher; null is nothing to free.
///
/// # Safety
/// `teacher` is null, or was returned by this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_teacher_free(teacher: *mut DabnetTeacher) {
    if !teacher.is_null() {
        // SAFETY: the caller promises that it came from `hand_over`, and is freed once.
        drop(unsafe { Box::from_raw(teacher) });
    }
}

/// Adds a drawing of a word: `points` has x and y of each point, `lengths` the number of points of each stroke.
///
/// # Safety
/// `teacher` was returned by this library and not freed; `word` ends with a NUL; `lengths` has `stroke_count` values, `points`
/// twice their sum.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_teacher_add_strokes(
    teacher: *mut DabnetTeacher,
    word: *const c_char,
    points: *const f32,
    lengths: *const usize,
    stroke_count: usize,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let (this, word) = unsafe { (handle(teacher)?, path(word)?) };
        let word =
            word.to_str().filter(|word| !word.is_empty()).ok_or_else(|| argument("a word is empty"))?;
        // SAFETY: the caller promises it.
        let drawing = unsafe { strokes(points, lengths, stroke_count) }?;
        Ok(this.0.add(word, &drawing)?)
    })
}

/// Makes a model that knows these words beside its own.
///
/// # Safety
/// `teacher` was returned by this library and not freed; `out` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_teacher_teach(
    teacher: *mut DabnetTeacher,
    out: *mut *mut DabnetModel,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let this = unsafe { handle(teacher) }?;
        // SAFETY: the caller promises it.
        unsafe { hand_over(out, || DabnetModel::new(this.0.teach()?)) }
    })
}

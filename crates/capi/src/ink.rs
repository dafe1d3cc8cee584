//! A drawing that is being made, stroke by stroke.

use dabnet::{Drawing, Stroke};

use crate::{
    guard::{CallError, DabnetStatus, argument, array, guarded, handle},
    recognize::{DabnetGuess, DabnetRecognizer, GuessBuffer},
};

/// Begins a new drawing.
///
/// # Safety
/// `recognizer` was returned by this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_clear(recognizer: *mut DabnetRecognizer) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        unsafe { handle(recognizer) }?.ink.clear();
        Ok(())
    })
}

/// Begins a new stroke, to which points are added.
///
/// # Safety
/// `recognizer` was returned by this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_begin_stroke(recognizer: *mut DabnetRecognizer) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        unsafe { handle(recognizer) }?.ink.push(Stroke::new(Vec::new()));
        Ok(())
    })
}

/// Adds points to the stroke that was begun last: x and y of each.
///
/// # Safety
/// `recognizer` was returned by this library and not freed; `points` has twice `point_count` values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_add_points(
    recognizer: *mut DabnetRecognizer,
    points: *const f32,
    point_count: usize,
) -> DabnetStatus {
    guarded(|| {
        let values =
            point_count.checked_mul(2).ok_or_else(|| argument("there are more points than memory"))?;
        // SAFETY: the caller promises it.
        let (this, points) = unsafe { (handle(recognizer)?, array(points, values)?) };
        let stroke = this.ink.last_mut().ok_or_else(|| argument("no stroke was begun"))?;
        if !points.iter().all(|coordinate| coordinate.is_finite()) {
            return Err(argument("a coordinate is no finite number"));
        }
        stroke.points.extend_from_slice(points.as_chunks().0);
        Ok(())
    })
}

/// Recognizes the ink so far.
///
/// # Safety
/// `recognizer` was returned by this library and not freed; `guesses` has room for `capacity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_guess(
    recognizer: *mut DabnetRecognizer,
    guesses: *mut DabnetGuess,
    capacity: usize,
    count: *mut usize,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let this = unsafe { handle(recognizer) }?;
        let drawing = Drawing::Strokes(this.ink.clone());
        // SAFETY: the caller promises it.
        unsafe { GuessBuffer { guesses, capacity, count }.fill(this, &drawing) }
    })
}

/// Writes the embedding of the ink so far, the vector that the last layer reads, to `values`.
///
/// # Safety
/// `recognizer` was returned by this library and not freed; `values` has room for `capacity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_embed(
    recognizer: *mut DabnetRecognizer,
    values: *mut f32,
    capacity: usize,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let this = unsafe { handle(recognizer) }?;
        let embedding = this.recognizer.embed(&Drawing::Strokes(this.ink.clone()))?;
        // SAFETY: the caller promises it.
        unsafe { copy(&embedding, values, capacity) }
    })
}

/// Writes the embedding of the ink so far to `bits`, one bit a value.
///
/// # Safety
/// `recognizer` was returned by this library and not freed; `bits` has room for `capacity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_embed_bits(
    recognizer: *mut DabnetRecognizer,
    bits: *mut u8,
    capacity: usize,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let this = unsafe { handle(recognizer) }?;
        let found = this.recognizer.embed_bits(&Drawing::Strokes(this.ink.clone()))?;
        let reason = "the model was not calibrated, and has no medians of its embeddings";
        let found = found.ok_or_else(|| CallError(DabnetStatus::Model, reason.to_owned()))?;
        // SAFETY: the caller promises it.
        unsafe { copy(&found, bits, capacity) }
    })
}

/// Writes values to a place of C.
///
/// # Safety
/// `place` has room for `capacity`.
unsafe fn copy<T: Copy>(values: &[T], place: *mut T, capacity: usize) -> Result<(), CallError> {
    if place.is_null() || !place.is_aligned() || capacity < values.len() {
        let length = values.len();
        return Err(argument(&format!("the place for {length} values is null, not aligned or too small")));
    }
    // SAFETY: there are at most `capacity` values, for which the caller promises room.
    unsafe { place.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    Ok(())
}

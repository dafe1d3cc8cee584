//! Recognizers, each for one thread at a time, and drawings as a whole.

use std::ffi::{c_char, c_int};

use dabnet::{Drawing, Raster, Recognizer, Stroke, read_bytes, read_file};
use dabnet_sketch::{SketchError, SketchReader};

use crate::{
    guard::{CallError, DabnetStatus, argument, array, guarded, hand_over, handle, path},
    model::DabnetModel,
};

/// A model with all that it takes to run it, and the ink of a drawing that is being made.
pub struct DabnetRecognizer {
    pub(crate) recognizer: Recognizer,
    /// Whether the drawing recognized last is like none that the model knows a word for, where that is known.
    pub(crate) unknown: Option<bool>,
    pub(crate) ink: Vec<Stroke>,
}

/// A label by its index, and how likely it is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DabnetGuess {
    /// Index of the label.
    pub label: usize,
    /// Its share of one.
    pub probability: f32,
}

/// Place of C for guesses.
pub(crate) struct GuessBuffer {
    pub(crate) guesses: *mut DabnetGuess,
    pub(crate) capacity: usize,
    pub(crate) count: *mut usize,
}

impl GuessBuffer {
    /// Writes the likeliest labels of a drawing, as many as there is room for.
    ///
    /// # Safety
    /// `guesses` has room for `capacity`; `count` is null or may be written to.
    pub(crate) unsafe fn fill(self, of: &mut DabnetRecognizer, drawing: &Drawing) -> Result<(), CallError> {
        if self.guesses.is_null() || !self.guesses.is_aligned() {
            return Err(argument("the place for guesses is null or not aligned"));
        }
        let logits = of.recognizer.logits(drawing)?;
        let found = of.recognizer.guesses(&logits, self.capacity);
        for (index, guess) in found.iter().enumerate() {
            let guess = DabnetGuess { label: guess.class, probability: guess.probability };
            // SAFETY: there are at most `capacity` guesses, for which the caller promises room.
            unsafe { self.guesses.add(index).write(guess) };
        }
        // SAFETY: the caller promises it.
        if let Some(count) = unsafe { self.count.as_mut() } {
            *count = found.len();
        }
        let calibration = of.recognizer.model().calibration();
        of.unknown = calibration.map(|calibration| calibration.is_unknown(&logits));
        Ok(())
    }
}

/// Makes a recognizer with a model.
///
/// # Safety
/// `model` was returned by this library and not freed; `out` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_new(
    model: *const DabnetModel,
    out: *mut *mut DabnetRecognizer,
) -> DabnetStatus {
    guarded(|| {
        let make = || {
            // SAFETY: the caller promises it.
            let model = unsafe { model.as_ref() }.ok_or_else(|| argument("a model is null"))?;
            let recognizer = Recognizer::new(model.model.clone());
            Ok(DabnetRecognizer { recognizer, unknown: None, ink: Vec::new() })
        };
        // SAFETY: the caller promises it.
        unsafe { hand_over(out, make) }
    })
}

/// Frees a recognizer; null is nothing to free.
///
/// # Safety
/// `recognizer` is null, or was returned by this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_free(recognizer: *mut DabnetRecognizer) {
    if !recognizer.is_null() {
        // SAFETY: the caller promises that it came from `hand_over`, and is freed once.
        drop(unsafe { Box::from_raw(recognizer) });
    }
}

/// Recognizes strokes: `points` has x and y of each point, `lengths` the number of points of each stroke.
///
/// # Safety
/// `lengths` has `stroke_count` values, `points` twice their sum, `guesses` room for `capacity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognize_strokes(
    recognizer: *mut DabnetRecognizer,
    points: *const f32,
    lengths: *const usize,
    stroke_count: usize,
    guesses: *mut DabnetGuess,
    capacity: usize,
    count: *mut usize,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let (this, drawing) = unsafe { (handle(recognizer)?, strokes(points, lengths, stroke_count)?) };
        // SAFETY: the caller promises it.
        unsafe { GuessBuffer { guesses, capacity, count }.fill(this, &drawing) }
    })
}

/// The drawing of strokes: `points` has x and y of each point, `lengths` the number of points of each stroke.
///
/// # Safety
/// `lengths` has `count` values, `points` twice their sum.
pub(crate) unsafe fn strokes(
    points: *const f32,
    lengths: *const usize,
    count: usize,
) -> Result<Drawing, CallError> {
    // SAFETY: the caller promises it.
    let lengths = unsafe { array(lengths, count) }?;
    let total = lengths.iter().try_fold(0_usize, |sum, &length| sum.checked_add(length));
    let values = total.and_then(|total| total.checked_mul(2));
    let values = values.ok_or_else(|| argument("there are more points than memory"))?;
    // SAFETY: the caller promises it.
    let points = unsafe { array(points, values) }?;
    let (mut rest, _) = points.as_chunks::<2>();
    let mut strokes = Vec::with_capacity(lengths.len());
    for &length in lengths {
        let (stroke, others) = rest.split_at(length);
        strokes.push(Stroke::new(stroke.to_vec()));
        rest = others;
    }
    Ok(Drawing::Strokes(strokes))
}

/// Recognizes ink in pixels, row by row, from 0 for paper to 255.
///
/// # Safety
/// `ink` has `width * height` bytes, `guesses` room for `capacity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognize_pixels(
    recognizer: *mut DabnetRecognizer,
    ink: *const u8,
    width: usize,
    height: usize,
    guesses: *mut DabnetGuess,
    capacity: usize,
    count: *mut usize,
) -> DabnetStatus {
    guarded(|| {
        let pixels =
            width.checked_mul(height).ok_or_else(|| argument("there are more pixels than memory"))?;
        // SAFETY: the caller promises it.
        let (this, ink) = unsafe { (handle(recognizer)?, array(ink, pixels)?) };
        let drawing = Drawing::Raster(Raster::new(width, height, ink.to_vec()).map_err(unreadable)?);
        // SAFETY: the caller promises it.
        unsafe { GuessBuffer { guesses, capacity, count }.fill(this, &drawing) }
    })
}

/// Recognizes the first sketch in the bytes of a file, such as a picture.
///
/// # Safety
/// `bytes` has `byte_count` bytes; `guesses` has room for `capacity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognize_bytes(
    recognizer: *mut DabnetRecognizer,
    bytes: *const u8,
    byte_count: usize,
    guesses: *mut DabnetGuess,
    capacity: usize,
    count: *mut usize,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let (this, bytes) = unsafe { (handle(recognizer)?, array(bytes, byte_count)?) };
        let drawing = first("the bytes", read_bytes("the bytes", bytes))?;
        // SAFETY: the caller promises it.
        unsafe { GuessBuffer { guesses, capacity, count }.fill(this, &drawing) }
    })
}

/// Recognizes the first sketch in a file.
///
/// # Safety
/// `file` ends with a NUL; `guesses` has room for `capacity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognize_file(
    recognizer: *mut DabnetRecognizer,
    file: *const c_char,
    guesses: *mut DabnetGuess,
    capacity: usize,
    count: *mut usize,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let (this, file) = unsafe { (handle(recognizer)?, path(file)?) };
        let drawing = first(&file.display().to_string(), read_file(file))?;
        // SAFETY: the caller promises it.
        unsafe { GuessBuffer { guesses, capacity, count }.fill(this, &drawing) }
    })
}

/// Tells whether the drawing that was recognized last is like none that the model knows a word for, 1 or 0.
///
/// # Safety
/// `recognizer` was returned by this library and not freed; `unknown` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_recognizer_is_unknown(
    recognizer: *mut DabnetRecognizer,
    unknown: *mut c_int,
) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let (this, unknown) = unsafe { (handle(recognizer)?, unknown.as_mut()) };
        let unknown = unknown.ok_or_else(|| argument("the place for the result is null"))?;
        if this.recognizer.model().calibration().is_none() {
            let reason = "the model was not calibrated, and cannot tell";
            return Err(CallError(DabnetStatus::Model, reason.to_owned()));
        }
        *unknown = this.unknown.ok_or_else(|| argument("nothing was recognized yet"))?.into();
        Ok(())
    })
}

fn unreadable(error: SketchError) -> CallError {
    CallError(DabnetStatus::Drawing, error.to_string())
}

/// The first sketch of a file of this name.
fn first(name: &str, sketches: Result<SketchReader, SketchError>) -> Result<Drawing, CallError> {
    let sketch = sketches.map_err(unreadable)?.next();
    let none = || CallError(DabnetStatus::Drawing, format!("{name}: there is no sketch in it"));
    Ok(sketch.ok_or_else(none)?.map_err(unreadable)?.drawing)
}

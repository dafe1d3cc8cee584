//! Models, which threads share.

use std::{
    ffi::{CString, c_char},
    ptr,
};

use dabnet::{Model, PackedModel, RecognizeError, models};

use crate::guard::{CallError, DabnetStatus, argument, array, guarded, hand_over, path};

/// A model. It never changes, so that any number of threads may use it at once.
pub struct DabnetModel {
    pub(crate) model: Model,
    /// As it is in its file.
    pub(crate) packed: PackedModel,
    labels: Vec<CString>,
}

impl DabnetModel {
    pub(crate) fn new(packed: PackedModel) -> Result<Self, CallError> {
        let text = |label: &String| CString::new(label.replace('\0', "")).unwrap_or_default();
        let labels = packed.labels.iter().map(text).collect();
        Ok(Self { model: Model::new(packed.clone()).map_err(RecognizeError::from)?, packed, labels })
    }
}

/// Opens the model of a name, or that at a path.
///
/// # Safety
/// `model` ends with a NUL; `out` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_model_open(model: *const c_char, out: *mut *mut DabnetModel) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        unsafe { hand_over(out, || DabnetModel::new(models::packed(path(model)?)?)) }
    })
}

/// Opens the model in `count` bytes, which are copied.
///
/// # Safety
/// `bytes` has `count` bytes; `out` may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_model_from_bytes(
    bytes: *const u8,
    count: usize,
    out: *mut *mut DabnetModel,
) -> DabnetStatus {
    guarded(|| {
        let make = || {
            // SAFETY: the caller promises it.
            let bytes = unsafe { array(bytes, count) }?;
            DabnetModel::new(PackedModel::from_bytes(bytes).map_err(RecognizeError::from)?)
        };
        // SAFETY: the caller promises it.
        unsafe { hand_over(out, make) }
    })
}

/// Saves a model to a file, atomically.
///
/// # Safety
/// `model` was returned by this library and not freed; `file` ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_model_save(model: *const DabnetModel, file: *const c_char) -> DabnetStatus {
    guarded(|| {
        // SAFETY: the caller promises it.
        let (model, file) = unsafe { (model.as_ref(), path(file)?) };
        let model = model.ok_or_else(|| argument("a model is null"))?;
        Ok(model.packed.save(file).map_err(RecognizeError::from)?)
    })
}

/// Frees a model; null is nothing to free. Recognizers made of it keep what they need.
///
/// # Safety
/// `model` is null, or was returned by this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_model_free(model: *mut DabnetModel) {
    if !model.is_null() {
        // SAFETY: the caller promises that it came from `hand_over`, and is freed once.
        drop(unsafe { Box::from_raw(model) });
    }
}

/// Number of the model's labels; 0 for null.
///
/// # Safety
/// `model` is null, or was returned by this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_model_label_count(model: *const DabnetModel) -> usize {
    // SAFETY: the caller promises it.
    unsafe { model.as_ref() }.map_or(0, |model| model.labels.len())
}

/// Number of values of an embedding; 0 for null, and for networks that have none.
///
/// # Safety
/// `model` is null, or was returned by this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_model_embedding_length(model: *const DabnetModel) -> usize {
    // SAFETY: the caller promises it.
    unsafe { model.as_ref() }.map_or(0, |model| model.model.embedding_len())
}

/// A label in UTF-8, valid as long as the model; null where there is none of that index.
///
/// # Safety
/// `model` is null, or was returned by this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dabnet_model_label(model: *const DabnetModel, index: usize) -> *const c_char {
    // SAFETY: the caller promises it.
    let label = unsafe { model.as_ref() }.and_then(|model| model.labels.get(index));
    label.map_or(ptr::null(), |label| label.as_ptr())
}

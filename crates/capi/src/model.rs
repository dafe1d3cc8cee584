//! Models, which threads share.

use std::{
    ffi::{CString, c_char},
    ptr,
};

use dabnet::{Model, PackedModel, RecognizeError, models};

use crate::guard::{DabnetStatus, array, guarded, hand_over, path};

/// A model. It never changes, so that any number of threads may use it at once.
pub struct DabnetModel {
    pub(crate) model: Model,
    labels: Vec<CString>,
}

impl From<Model> for DabnetModel {
    fn from(model: Model) -> Self {
        let text = |label: &String| CString::new(label.replace('\0', "")).unwrap_or_default();
        let labels = model.labels().iter().map(text).collect();
        Self { model, labels }
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
        unsafe { hand_over(out, || Ok(models::open(path(model)?)?.into())) }
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
            let model = PackedModel::from_bytes(bytes).and_then(Model::new).map_err(RecognizeError::from)?;
            Ok(model.into())
        };
        // SAFETY: the caller promises it.
        unsafe { hand_over(out, make) }
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

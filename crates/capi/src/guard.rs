//! Errors and panics on their way to C.

use std::{
    cell::RefCell,
    ffi::{CStr, CString, c_char},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    slice,
};

use dabnet::RecognizeError;

/// Outcome of a call.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DabnetStatus {
    /// It did what it is for.
    Ok = 0,
    /// An argument that the header does not allow.
    Argument = 1,
    /// A model that is not there, or no model.
    Model = 2,
    /// A drawing of nothing, or that cannot be read.
    Drawing = 3,
    /// An error of the library itself.
    Internal = 4,
}

/// Reason why a call failed.
pub(crate) struct CallError(pub(crate) DabnetStatus, pub(crate) String);

impl From<RecognizeError> for CallError {
    fn from(error: RecognizeError) -> Self {
        let status = match error {
            RecognizeError::UnknownModel { .. }
            | RecognizeError::NoModel { .. }
            | RecognizeError::Engine(_)
            | RecognizeError::Teach(_) => DabnetStatus::Model,
            _ => DabnetStatus::Drawing,
        };
        Self(status, error.to_string())
    }
}

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::new(CString::default());
}

/// Message of the last call on this thread that failed; empty before one. It is valid until the next call that fails.
#[unsafe(no_mangle)]
pub extern "C" fn dabnet_last_error() -> *const c_char {
    LAST_ERROR.with_borrow(|message| message.as_ptr())
}

/// Runs a call; a panic is an error of the library and ends here.
pub(crate) fn guarded(call: impl FnOnce() -> Result<(), CallError>) -> DabnetStatus {
    let CallError(status, message) = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => return DabnetStatus::Ok,
        Ok(Err(error)) => error,
        Err(_) => CallError(DabnetStatus::Internal, "the library failed: please report it".to_owned()),
    };
    let text: Vec<u8> = message.bytes().filter(|byte| *byte != 0).collect();
    LAST_ERROR.with_borrow_mut(|last| *last = CString::new(text).unwrap_or_default());
    status
}

pub(crate) fn argument(reason: &str) -> CallError {
    CallError(DabnetStatus::Argument, reason.to_owned())
}

/// The path in a text of C.
///
/// # Safety
/// `text` is null, or ends with a NUL and does not change during the call.
pub(crate) unsafe fn path<'a>(text: *const c_char) -> Result<&'a Path, CallError> {
    if text.is_null() {
        return Err(argument("a text is null"));
    }
    // SAFETY: it is not null, and the caller promises the rest.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Path::new).map_err(|_| argument("a text is not UTF-8"))
}

/// The values in an array of C; none where `count` is 0, whatever the address.
///
/// # Safety
/// `values` is null, or has `count` values that do not change during the call.
pub(crate) unsafe fn array<'a, T>(values: *const T, count: usize) -> Result<&'a [T], CallError> {
    match count {
        0 => Ok(&[]),
        _ if values.is_null() || !values.is_aligned() => Err(argument("an array is null or not aligned")),
        _ if count > isize::MAX as usize / size_of::<T>().max(1) => {
            Err(argument("an array is longer than memory"))
        }
        // SAFETY: it is neither null, misaligned nor too long, and the caller promises the rest.
        _ => Ok(unsafe { slice::from_raw_parts(values, count) }),
    }
}

/// The object behind a handle.
///
/// # Safety
/// `handle` is null, or was returned by this library and not freed, and nothing else uses it during the call.
pub(crate) unsafe fn handle<'a, T>(handle: *mut T) -> Result<&'a mut T, CallError> {
    // SAFETY: the caller promises it.
    unsafe { handle.as_mut() }.ok_or_else(|| argument("a handle is null"))
}

/// Makes an object and hands it over to C; where that fails, `out` is left as it was.
///
/// # Safety
/// `out` is null or may be written to.
pub(crate) unsafe fn hand_over<T>(
    out: *mut *mut T,
    make: impl FnOnce() -> Result<T, CallError>,
) -> Result<(), CallError> {
    // SAFETY: the caller promises it.
    let out = unsafe { out.as_mut() }.ok_or_else(|| argument("the place for the result is null"))?;
    *out = Box::into_raw(Box::new(make()?));
    Ok(())
}

//! Guards against damaged and hostile files: panics of decoders, messages without end.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// The longest message kept, in bytes.
const MAX_MESSAGE: usize = 500;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder of other people's that may panic on what is damaged, printing nothing if it does.
///
/// # Errors
/// The payload of its panic.
pub fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                before(panic);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result
}

/// The beginning of a message, of which a hostile file may be part.
pub fn truncate_message(message: &str) -> String {
    match message.floor_char_boundary(MAX_MESSAGE) {
        end if end < message.len() => format!("{}…", &message[..end]),
        _ => message.to_owned(),
    }
}

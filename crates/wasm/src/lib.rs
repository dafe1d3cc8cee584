//! The engine for browsers: a WebAssembly module without imports, which `web/dabnet` wraps in JavaScript.
//!
//! A call takes and gives numbers. What is more than that lies in one of two buffers, of which the module
//! tells the address: the caller writes to the input before a call and reads the output after it. Rust itself
//! never follows an address, so that nothing here is unsafe but the names that calls have.
//!
//! One instance of the module runs one model: instances share compiled code, and nothing else.
#![deny(unsafe_code)]

mod answer;
mod description;
mod ink;
mod instance;

pub use answer::{Answer, Guess, Layer};
pub use description::{Description, LayerDescription};
pub use ink::strokes;
pub use instance::Instance;

use std::cell::RefCell;

thread_local! {
    static INSTANCE: RefCell<Instance> = RefCell::default();
}

/// The calls of the module. Those that give a status give 0 where all went well; else the output is text that says
/// what was wrong.
#[allow(unsafe_code)]
mod calls {
    use super::{INSTANCE, Instance};

    fn with<R>(call: impl FnOnce(&mut Instance) -> R) -> R {
        INSTANCE.with_borrow_mut(call)
    }

    /// Makes room for `bytes` of input, and gives its address.
    #[unsafe(no_mangle)]
    extern "C" fn input(bytes: usize) -> usize {
        with(|instance| instance.input(bytes).as_ptr().addr())
    }

    /// The address of the output.
    #[unsafe(no_mangle)]
    extern "C" fn output() -> usize {
        with(|instance| instance.output().as_ptr().addr())
    }

    /// Bytes of the output.
    #[unsafe(no_mangle)]
    extern "C" fn output_bytes() -> usize {
        with(|instance| instance.output().len())
    }

    /// Takes the input as a model file. The output is a [`Description`](crate::Description) as JSON. Gives a status.
    #[unsafe(no_mangle)]
    extern "C" fn load() -> u32 {
        with(|instance| u32::from(!instance.load()))
    }

    /// Takes the input as [strokes](crate::strokes). The output is an [`Answer`](crate::Answer) as JSON with `top`
    /// guesses, and with what fired where `look` is not 0. Gives a status.
    #[unsafe(no_mangle)]
    extern "C" fn recognize(top: usize, look: u32) -> u32 {
        with(|instance| u32::from(!instance.recognize(top, look != 0)))
    }

    /// The output is the ink that the last [`recognize`] saw, a byte a pixel, row by row. Gives a status.
    #[unsafe(no_mangle)]
    extern "C" fn ink() -> u32 {
        with(|instance| u32::from(!instance.ink()))
    }

    /// Takes the input as a canvas of 32-bit floats, as the network sees it. The output is its logits, 32-bit
    /// floats. Gives a status.
    #[unsafe(no_mangle)]
    extern "C" fn logits() -> u32 {
        with(|instance| u32::from(!instance.logits()))
    }
}

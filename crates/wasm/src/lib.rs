//! The engine for browsers: a WebAssembly module without imports, which `web/dabnet` wraps in JavaScript.
//!
//! Functions take and return numbers. All other data is in two buffers whose addresses the module exports: the caller
//! writes the input before a call and reads the output after it. Rust never dereferences an address, so that nothing is
//! unsafe but the exported names.
//!
//! An instance of the module runs one model. Instances share compiled code and nothing else.
#![deny(unsafe_code)]

mod description;
mod instance;
mod teach;

pub use description::{LayerDescription, ModelDescription};
pub use instance::{LayerActivations, ModelInstance, Prediction, RecognitionResult, strokes};

use std::cell::RefCell;

thread_local! {
    static INSTANCE: RefCell<ModelInstance> = RefCell::default();
}

/// Exported functions of the module. A status is 0 on success; otherwise the output is an error message.
#[allow(unsafe_code)]
mod calls {
    use super::{INSTANCE, ModelInstance};

    fn with<R>(call: impl FnOnce(&mut ModelInstance) -> R) -> R {
        INSTANCE.with_borrow_mut(call)
    }

    /// Resizes the input to `bytes` and returns its address.
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

    /// Takes the input as a model file. The output is a [`ModelDescription`](crate::ModelDescription) as JSON. Gives a status.
    #[unsafe(no_mangle)]
    extern "C" fn load() -> u32 {
        with(|instance| u32::from(!instance.load()))
    }

    /// Takes the input as [strokes](crate::strokes). The output is an [`RecognitionResult`](crate::RecognitionResult) as JSON with `top`
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

    /// Takes the input as [strokes](crate::strokes). The output is their embedding, 32-bit floats. Returns a status.
    #[unsafe(no_mangle)]
    extern "C" fn embed() -> u32 {
        with(|instance| u32::from(!instance.embed()))
    }

    /// Takes the input as [strokes](crate::strokes). The output is their embedding by one bit a value. Returns a status.
    #[unsafe(no_mangle)]
    extern "C" fn embed_bits() -> u32 {
        with(|instance| u32::from(!instance.embed_bits()))
    }

    /// Takes the input as words (see `teach.rs`) that the model is to know beside those of its file, and no others. The output
    /// is a [`ModelDescription`](crate::ModelDescription) as JSON. Returns a status.
    #[unsafe(no_mangle)]
    extern "C" fn teach() -> u32 {
        with(|instance| u32::from(!instance.teach()))
    }

    /// Runs the input as a canvas of 32-bit floats, as the network sees it. The output is its logits, 32-bit
    /// floats. Returns a status.
    #[unsafe(no_mangle)]
    extern "C" fn logits() -> u32 {
        with(|instance| u32::from(!instance.logits()))
    }
}

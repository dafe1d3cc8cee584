//! A system allocator that counts. A test binary that uses it has one test only: others, and what the
//! test harness does between them, would be counted too.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

static COUNT: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

/// The allocator.
pub struct Counting;

// SAFETY: everything is passed on to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller promises what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller promises what `alloc_zeroed` asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller promises what `realloc` asks for, and all memory is the system's.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller promises what `dealloc` asks for, and all memory is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(bytes: usize) {
    COUNT.fetch_add(1, Relaxed);
    BYTES.fetch_add(bytes, Relaxed);
}

/// Allocations on all threads while something ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocated {
    /// Number of allocations.
    pub times: usize,
    /// Total bytes, freed or not.
    pub bytes: usize,
}

/// Allocations of `work`.
pub fn during<T>(work: impl FnOnce() -> T) -> (T, Allocated) {
    let before = (COUNT.load(Relaxed), BYTES.load(Relaxed));
    let result = work();
    let times = COUNT.load(Relaxed) - before.0;
    (result, Allocated { times, bytes: BYTES.load(Relaxed) - before.1 })
}

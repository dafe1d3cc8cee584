//! Worker pool of a session.

use std::{
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// Spin limit: iterations without work before a thread yields. Longer than the gap between two layers, which
/// is shorter than waking a thread.
const SPIN_LIMIT: usize = 1 << 11;

/// Iterations after completion, for the pool to finish its bookkeeping.
const FINAL_SPINS: usize = 1 << 5;

/// Threads beside the calling one.
#[derive(Debug)]
pub(super) struct WorkerPool {
    pool: rayon::ThreadPool,
}

impl WorkerPool {
    /// Starts `count` threads, or returns the cause of a failure.
    pub(super) fn new(count: usize) -> Result<Self, String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        Ok(Self { pool: pool.map_err(|error| error.to_string())? })
    }

    pub(super) fn count(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Keeps the threads spinning until the guard is dropped.
    pub(super) fn keep_awake(&self) -> AwakeGuard {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..self.count() {
            let over = Arc::clone(&over);
            self.pool.spawn(move || serve_pool(&over));
        }
        AwakeGuard { over }
    }

    /// Calls `work` with the first part on the calling thread, and with every other part on a pool thread.
    pub(super) fn share<T: Send>(&self, parts: Vec<T>, work: impl Fn(T) + Sync) {
        let mut parts = parts.into_iter();
        let own = parts.next();
        let (work, left) = (&work, &AtomicUsize::new(parts.len()));
        self.pool.in_place_scope(|scope| {
            for part in parts {
                scope.spawn(move |_| {
                    let _finished = CompletionGuard(left);
                    work(part);
                });
            }
            own.into_iter().for_each(work);
            // The end of the scope would put this thread to sleep until the rest is done.
            spin_until(|| left.load(Ordering::Acquire) == 0);
        });
    }
}

/// Guard that keeps pool threads awake.
pub(super) struct AwakeGuard {
    over: Arc<AtomicBool>,
}

impl Drop for AwakeGuard {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

/// Executes pool work until `over` is set.
fn serve_pool(over: &AtomicBool) {
    let mut idle = 0;
    while !over.load(Ordering::Acquire) {
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            idle = 0;
        } else if idle < SPIN_LIMIT {
            idle += 1;
            hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

/// Guard that decrements a counter, also on panic.
struct CompletionGuard<'a>(&'a AtomicUsize);

impl Drop for CompletionGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Spins until `happened` returns true, up to the spin limit.
fn spin_until(happened: impl Fn() -> bool) {
    for _ in 0..SPIN_LIMIT {
        if happened() {
            break;
        }
        hint::spin_loop();
    }
    (0..FINAL_SPINS).for_each(|_| hint::spin_loop());
}

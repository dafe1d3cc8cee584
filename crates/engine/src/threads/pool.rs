//! SessionThreads that a session shares its work with.

use std::{
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// How often a thread looks for work, or for the end of it, before it lets others run: for longer than
/// what lies between two layers, which is less than it takes to wake a thread.
const SPIN_LIMIT: usize = 1 << 11;

/// How often one looks once more when all is done, so that the rest of it is done too.
const FINAL_SPINS: usize = 1 << 5;

/// SessionThreads beside the calling one.
#[derive(Debug)]
pub(super) struct WorkerPool {
    pool: rayon::ThreadPool,
}

impl WorkerPool {
    /// So many, or why the system does not give them.
    pub(super) fn new(count: usize) -> Result<Self, String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        Ok(Self { pool: pool.map_err(|error| error.to_string())? })
    }

    pub(super) fn count(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Keeps them looking for work as long as what it gives lives.
    pub(super) fn keep_awake(&self) -> AwakeGuard {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..self.count() {
            let over = Arc::clone(&over);
            self.pool.spawn(move || serve_pool(&over));
        }
        AwakeGuard { over }
    }

    /// Calls `work` with the first part here, and with each other one on one of them.
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
            // The end of the scope would put this thread to sleep for what is left.
            spin_until(|| left.load(Ordering::Acquire) == 0);
        });
    }
}

/// Until this is dropped, threads stay awake.
pub(super) struct AwakeGuard {
    over: Arc<AtomicBool>,
}

impl Drop for AwakeGuard {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

/// Does what work there is until it is over.
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

/// Counts one part less, also where it panics.
struct CompletionGuard<'a>(&'a AtomicUsize);

impl Drop for CompletionGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Returns shortly after it happens, or after a while.
fn spin_until(happened: impl Fn() -> bool) {
    for _ in 0..SPIN_LIMIT {
        if happened() {
            break;
        }
        hint::spin_loop();
    }
    (0..FINAL_SPINS).for_each(|_| hint::spin_loop());
}

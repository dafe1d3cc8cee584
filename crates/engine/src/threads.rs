#[cfg(feature = "threads")]
use std::{
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::EngineError;

/// One more thread than a session takes.
#[cfg(feature = "threads")]
const MOST: usize = 513;

/// How often a thread looks for work, or for the end of it, before it lets others run: for longer than
/// what lies between two layers, which is less than it takes to wake a thread.
#[cfg(feature = "threads")]
const LOOKS: usize = 1 << 11;

/// How often one looks once more when all is done, so that the rest of it is done too.
#[cfg(feature = "threads")]
const LAST_LOOKS: usize = 1 << 5;

/// What a session runs on: the calling thread, and others that it shares work with.
#[derive(Debug)]
pub(crate) struct Threads {
    #[cfg(feature = "threads")]
    others: Option<rayon::ThreadPool>,
}

impl Threads {
    /// The calling thread.
    pub(crate) fn one() -> Self {
        Self {
            #[cfg(feature = "threads")]
            others: None,
        }
    }

    /// `count` threads, of which the calling one is one.
    #[cfg(feature = "threads")]
    pub(crate) fn new(count: usize) -> Result<Self, EngineError> {
        if count == 1 {
            return Ok(Self::one());
        }
        let reason = |error: rayon::ThreadPoolBuildError| error.to_string();
        let others = match count {
            0 => Err("a network needs at least one".to_owned()),
            MOST.. => Err(format!("more than {} help no sketch", MOST - 1)),
            _ => rayon::ThreadPoolBuilder::new().num_threads(count - 1).build().map_err(reason),
        };
        Ok(Self { others: Some(others.map_err(|reason| EngineError::Threads { count, reason })?) })
    }

    /// The calling thread: this build has no others.
    #[cfg(not(feature = "threads"))]
    pub(crate) fn new(count: usize) -> Result<Self, EngineError> {
        match count {
            1 => Ok(Self::one()),
            _ => Err(EngineError::Threads { count, reason: "this build has one thread".to_owned() }),
        }
    }

    pub(crate) fn count(&self) -> usize {
        #[cfg(feature = "threads")]
        if let Some(others) = &self.others {
            return 1 + others.current_num_threads();
        }
        1
    }

    /// Does `work`, during which the other threads stay awake for what [`Threads::share`] gives them.
    pub(crate) fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        #[cfg(feature = "threads")]
        let _awake = self.others.as_ref().map(Awake::new);
        work()
    }

    /// Calls `work` with every part, each on a thread of its own as far as there are so many.
    pub(crate) fn share<T: Send>(&self, parts: Vec<T>, work: impl Fn(T) + Sync) {
        #[cfg(feature = "threads")]
        if let Some(others) = &self.others {
            return share_with(others, parts, work);
        }
        parts.into_iter().for_each(work);
    }
}

#[cfg(feature = "threads")]
fn share_with<T: Send>(others: &rayon::ThreadPool, parts: Vec<T>, work: impl Fn(T) + Sync) {
    let mut parts = parts.into_iter();
    let own = parts.next();
    let (work, left) = (&work, &AtomicUsize::new(parts.len()));
    others.in_place_scope(|scope| {
        for part in parts {
            scope.spawn(move |_| {
                let _finished = Finished(left);
                work(part);
            });
        }
        own.into_iter().for_each(work);
        // The end of the scope would put this thread to sleep for what is left.
        look_for(|| left.load(Ordering::Acquire) == 0);
    });
}

/// Counts one part less, also where it panics.
#[cfg(feature = "threads")]
struct Finished<'a>(&'a AtomicUsize);

#[cfg(feature = "threads")]
impl Drop for Finished<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Returns shortly after it happens, or after a while.
#[cfg(feature = "threads")]
fn look_for(happened: impl Fn() -> bool) {
    for _ in 0..LOOKS {
        if happened() {
            break;
        }
        hint::spin_loop();
    }
    (0..LAST_LOOKS).for_each(|_| hint::spin_loop());
}

/// Keeps threads looking for work as long as it lives.
#[cfg(feature = "threads")]
struct Awake {
    over: Arc<AtomicBool>,
}

#[cfg(feature = "threads")]
impl Awake {
    fn new(threads: &rayon::ThreadPool) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..threads.current_num_threads() {
            let over = Arc::clone(&over);
            threads.spawn(move || watch(&over));
        }
        Self { over }
    }
}

#[cfg(feature = "threads")]
impl Drop for Awake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

/// Does what work there is until it is over.
#[cfg(feature = "threads")]
fn watch(over: &AtomicBool) {
    let mut idle = 0;
    while !over.load(Ordering::Acquire) {
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            idle = 0;
        } else if idle < LOOKS {
            idle += 1;
            hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

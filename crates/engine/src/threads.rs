#[cfg(feature = "threads")]
mod pool;

#[cfg(feature = "threads")]
use pool::WorkerPool;

use crate::error::EngineError;

/// One more thread than a session takes.
#[cfg(feature = "threads")]
const THREAD_LIMIT: usize = 513;

/// What a session runs on: the calling thread, and pool that it shares work with.
#[derive(Debug)]
pub(crate) struct SessionThreads {
    #[cfg(feature = "threads")]
    pool: Option<WorkerPool>,
}

impl SessionThreads {
    /// The calling thread.
    pub(crate) fn one() -> Self {
        Self {
            #[cfg(feature = "threads")]
            pool: None,
        }
    }

    /// `count` threads, of which the calling one is one.
    #[cfg(feature = "threads")]
    pub(crate) fn new(count: usize) -> Result<Self, EngineError> {
        let pool = match count {
            0 => Err("a network needs at least one".to_owned()),
            1 => return Ok(Self::one()),
            THREAD_LIMIT.. => Err(format!("more than {} help no sketch", THREAD_LIMIT - 1)),
            _ => WorkerPool::new(count - 1),
        };
        Ok(Self { pool: Some(pool.map_err(|reason| EngineError::Threads { count, reason })?) })
    }

    /// The calling thread: this build has no pool.
    #[cfg(not(feature = "threads"))]
    pub(crate) fn new(count: usize) -> Result<Self, EngineError> {
        match count {
            1 => Ok(Self::one()),
            _ => Err(EngineError::Threads { count, reason: "this build has one thread".to_owned() }),
        }
    }

    pub(crate) fn count(&self) -> usize {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return 1 + pool.count();
        }
        1
    }

    /// Does `work`, during which the other threads stay awake for what [`SessionThreads::share`] gives them.
    pub(crate) fn run(&self, work: impl FnOnce()) {
        #[cfg(feature = "threads")]
        let _awake = self.pool().map(WorkerPool::keep_awake);
        work();
    }

    /// The other threads, if there is no harm in waiting for them: a thread of a pool would take up other
    /// work of that pool meanwhile, another sketch on top of this one.
    #[cfg(feature = "threads")]
    fn pool(&self) -> Option<&WorkerPool> {
        self.pool.as_ref().filter(|_| rayon::current_thread_index().is_none())
    }

    /// Calls `work` with every part, each on a thread of its own.
    pub(crate) fn share<T: Send>(&self, parts: Vec<T>, work: impl Fn(T) + Sync) {
        #[cfg(feature = "threads")]
        if let Some(pool) = self.pool() {
            return pool.share(parts, work);
        }
        parts.into_iter().for_each(work);
    }
}

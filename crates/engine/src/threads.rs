#[cfg(feature = "threads")]
mod pool;

#[cfg(feature = "threads")]
use pool::WorkerPool;

use crate::error::EngineError;

/// Upper bound of threads per session, exclusive.
#[cfg(feature = "threads")]
const THREAD_LIMIT: usize = 513;

/// Threads of a session: the calling one and, if any, a pool.
#[derive(Debug)]
pub(crate) struct SessionThreads {
    #[cfg(feature = "threads")]
    pool: Option<WorkerPool>,
}

impl SessionThreads {
    /// The calling thread only.
    pub(crate) fn one() -> Self {
        Self {
            #[cfg(feature = "threads")]
            pool: None,
        }
    }

    /// Creates `count` threads, including the calling one.
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

    /// The calling thread only: this build has no pool.
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

    /// Runs `work`, during which the pool stays awake for calls of [`SessionThreads::share`].
    pub(crate) fn run(&self, work: impl FnOnce()) {
        #[cfg(feature = "threads")]
        let _awake = self.pool().map(WorkerPool::keep_awake);
        work();
    }

    /// Returns the pool, unless the calling thread belongs to another one: waiting there would run other work
    /// of that pool, such as another sketch, on top of this one.
    #[cfg(feature = "threads")]
    fn pool(&self) -> Option<&WorkerPool> {
        self.pool.as_ref().filter(|_| rayon::current_thread_index().is_none())
    }

    /// Calls `work` with every part, each on its own thread.
    pub(crate) fn share<T: Send>(&self, parts: Vec<T>, work: impl Fn(T) + Sync) {
        #[cfg(feature = "threads")]
        if let Some(pool) = self.pool() {
            return pool.share(parts, work);
        }
        parts.into_iter().for_each(work);
    }
}

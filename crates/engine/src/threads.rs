#[cfg(feature = "threads")]
mod pool;

#[cfg(feature = "threads")]
use pool::Others;

use crate::error::EngineError;

/// One more thread than a session takes.
#[cfg(feature = "threads")]
const MOST: usize = 513;

/// What a session runs on: the calling thread, and others that it shares work with.
#[derive(Debug)]
pub(crate) struct Threads {
    #[cfg(feature = "threads")]
    others: Option<Others>,
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
        let others = match count {
            0 => Err("a network needs at least one".to_owned()),
            1 => return Ok(Self::one()),
            MOST.. => Err(format!("more than {} help no sketch", MOST - 1)),
            _ => Others::new(count - 1),
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
            return 1 + others.count();
        }
        1
    }

    /// Does `work`, during which the other threads stay awake for what [`Threads::share`] gives them.
    pub(crate) fn run(&self, work: impl FnOnce()) {
        #[cfg(feature = "threads")]
        let _awake = self.others().map(Others::keep_awake);
        work();
    }

    /// The other threads, if there is no harm in waiting for them: a thread of a pool would take up other
    /// work of that pool meanwhile, another sketch on top of this one.
    #[cfg(feature = "threads")]
    fn others(&self) -> Option<&Others> {
        self.others.as_ref().filter(|_| rayon::current_thread_index().is_none())
    }

    /// Calls `work` with every part, each on a thread of its own.
    pub(crate) fn share<T: Send>(&self, parts: Vec<T>, work: impl Fn(T) + Sync) {
        #[cfg(feature = "threads")]
        if let Some(others) = self.others() {
            return others.share(parts, work);
        }
        parts.into_iter().for_each(work);
    }
}

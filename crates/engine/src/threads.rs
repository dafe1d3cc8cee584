use crate::EngineError;

/// One more thread than a session takes.
#[cfg(feature = "threads")]
const MOST: usize = 513;

/// What a session runs on.
#[derive(Debug)]
pub(crate) struct Threads {
    #[cfg(feature = "threads")]
    pool: Option<rayon::ThreadPool>,
}

impl Threads {
    /// The calling thread.
    pub(crate) fn one() -> Self {
        Self {
            #[cfg(feature = "threads")]
            pool: None,
        }
    }

    /// `count` threads of their own, or the calling one if one is enough.
    #[cfg(feature = "threads")]
    pub(crate) fn new(count: usize) -> Result<Self, EngineError> {
        if count == 1 {
            return Ok(Self::one());
        }
        let reason = |error: rayon::ThreadPoolBuildError| error.to_string();
        let pool = match count {
            0 => Err("a network needs at least one".to_owned()),
            MOST.. => Err(format!("more than {} help no sketch", MOST - 1)),
            _ => rayon::ThreadPoolBuilder::new().num_threads(count).build().map_err(reason),
        };
        Ok(Self { pool: Some(pool.map_err(|reason| EngineError::Threads { count, reason })?) })
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
        if let Some(pool) = &self.pool {
            return pool.current_num_threads();
        }
        1
    }

    /// Runs `work` there.
    pub(crate) fn run(&self, work: impl FnOnce() + Send) {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return pool.install(work);
        }
        work();
    }
}

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::CliError;

/// So many threads to work on; 0 for one a core.
pub(crate) fn pool(threads: usize) -> Result<ThreadPool, CliError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| CliError::Failure(format!("cannot start threads: {error}")))
}

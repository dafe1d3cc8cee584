use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::TrainError;

/// Held by the one process that trains a run; the operating system lets go when that ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

const LOCK: &str = "run.lock";

impl Lock {
    pub(super) fn take(folder: &Path) -> Result<Self, TrainError> {
        let path = folder.join(LOCK);
        let failed = |source| TrainError::Write { path: path.clone(), source };
        let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(TrainError::Busy { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

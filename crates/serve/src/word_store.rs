use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError, TryLockError as Waiting},
};

use dabnet_engine::PackedModel;

use crate::{ModelRegistry, ServeError, ServedModel, model::FILE_NAME, request_error::RequestError};

/// File that the one server holds which keeps models in a folder.
const LOCK: &str = "words.lock";

/// Folder in which models are kept that clients teach, `NAME/model.safetensors` each.
pub(crate) struct WordStore {
    folder: PathBuf,
    turn: Mutex<()>,
    /// Released by the operating system when the process ends.
    _lock: File,
}

impl WordStore {
    /// Opens a folder, which is made if there is none, and puts what is kept there in the place of the models of the same
    /// name.
    ///
    /// # Errors
    /// [`ServeError::Write`] if it cannot be written, [`ServeError::Busy`] if another server keeps models there, and
    /// [`ServeError::Model`] for what is there and cannot be read.
    pub(crate) fn open(folder: &Path, registry: &ModelRegistry) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Write { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = File::options().write(true).create(true).truncate(false).open(folder.join(LOCK));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ServeError::Busy { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let store = Self { folder: folder.to_owned(), turn: Mutex::default(), _lock: lock };
        for (index, served) in registry.models().iter().enumerate() {
            let path = store.path(served.name());
            if path.exists() {
                registry.replace(index, ServedModel::load(&path)?);
            }
        }
        Ok(store)
    }

    /// The right to change models, which one request has at a time: one worker teaches, and the others recognize.
    ///
    /// # Errors
    /// [`RequestError::Teaching`] if another has it.
    pub(crate) fn turn(&self) -> Result<MutexGuard<'_, ()>, RequestError> {
        match self.turn.try_lock() {
            Ok(turn) => Ok(turn),
            Err(Waiting::Poisoned(turn)) => Ok(PoisonError::into_inner(turn)),
            Err(Waiting::WouldBlock) => Err(RequestError::Teaching),
        }
    }

    /// Writes a model, and gives it back ready to be served.
    ///
    /// # Errors
    /// [`RequestError::Unsaved`] if it cannot be written, [`RequestError::Failed`] if it cannot be run.
    pub(crate) fn keep(&self, name: &str, packed: &PackedModel) -> Result<ServedModel, RequestError> {
        let bytes = packed.to_bytes().map_err(|_| RequestError::Failed)?;
        let served = ServedModel::from_bytes(name, bytes).map_err(|_| RequestError::Failed)?;
        let made = fs::create_dir_all(self.folder.join(name)).map_err(|error| error.to_string());
        let saved = made.and_then(|()| packed.save(self.path(name)).map_err(|error| error.to_string()));
        saved.map_err(|error| {
            tracing::error!(error, "a taught model could not be written");
            RequestError::Unsaved
        })?;
        Ok(served)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).join(FILE_NAME)
    }
}

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::builder::DatasetBuilder;
use crate::manifest::{JOURNAL, MANIFEST, Manifest, read_manifest, replace, write_error, write_json};
use crate::{DataError, SkippedItems};

const LOCK: &str = "import.lock";

/// State of an import, written after each shard, so that everything on disk is always whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportJournal {
    /// The next to read: a file of the source, and how many of its records are done.
    pub file: usize,
    pub item: u64,
    /// Manifest of the data set so far.
    pub manifest: Manifest,
}

/// The folder that an import writes to, and nothing else does at the time.
pub(super) struct ImportFolder {
    path: PathBuf,
    /// Folders that did not exist before: this one, and those that it is in.
    made: Vec<PathBuf>,
    _lock: File,
}

/// State of an import that a folder holds.
pub(super) enum FolderState {
    /// This very import, at its end.
    Done(Manifest),
    /// This import, to begin or to go on with.
    Open(ImportJournal),
}

impl ImportFolder {
    /// Takes a folder, which is made if need be.
    pub(crate) fn take(path: &Path) -> Result<Self, DataError> {
        let lock = path.join(LOCK);
        let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made = path.ancestors().take_while(missing).map(Path::to_owned).collect();
        // Somebody else's file of this name is to stay as it is.
        let open = || File::options().write(true).create(true).truncate(false).open(&lock);
        let file = fs::create_dir_all(path).and_then(|()| open());
        let file = file.map_err(|source| write_error(path, source))?;
        if file.metadata().map_or(0, |metadata| metadata.len()) > 0 {
            return Err(DataError::Occupied { path: path.to_owned() });
        }
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), made, _lock: file }),
            Err(TryLockError::WouldBlock) => Err(DataError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(write_error(&lock, source)),
        }
    }

    /// Looks at what is there. `new` is what the import would begin with.
    pub(crate) fn find(&self, new: Manifest) -> Result<FolderState, DataError> {
        let path = || self.path.clone();
        let same = |manifest: &Manifest| match difference(manifest, &new) {
            Some(difference) => Err(DataError::OtherImport { path: path(), difference }),
            None => Ok(()),
        };
        if self.path.join(MANIFEST).exists() {
            let manifest = read_manifest(&self.path)?;
            same(&manifest)?;
            return Ok(FolderState::Done(manifest));
        }
        let file = self.path.join(JOURNAL);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A folder with other things in it is not ours to fill.
                let used = self.path.read_dir().map_err(|source| write_error(&self.path, source))?.flatten();
                if used.map(|entry| entry.file_name()).any(|name| name != LOCK && !is_part(&name)) {
                    return Err(DataError::Occupied { path: path() });
                }
                // Before there is any shard, so that none is ever without it.
                let journal = ImportJournal { file: 0, item: 0, manifest: new };
                self.save(&journal)?;
                return Ok(FolderState::Open(journal));
            }
            Err(source) => return Err(DataError::open(file.display(), source)),
        };
        let journal: ImportJournal = serde_json::from_str(&text)
            .map_err(|error| DataError::Damaged { path: file, reason: error.to_string() })?;
        same(&journal.manifest)?;
        Ok(FolderState::Open(journal))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the journal.
    pub(crate) fn save(&self, journal: &ImportJournal) -> Result<(), DataError> {
        write_json(&self.path.join(JOURNAL), journal)
    }

    /// Takes back that an import has begun here.
    pub(crate) fn give_up(self) {
        // What cannot be removed is found and used by the next import.
        let _ = fs::remove_file(self.path.join(JOURNAL));
    }

    /// Makes a data set of the folder.
    pub(crate) fn finish(self, manifest: &Manifest) -> Result<(), DataError> {
        write_json(&self.path.join(MANIFEST), manifest)?;
        match fs::remove_file(self.path.join(JOURNAL)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(&self.path, error)),
            _ => Ok(()),
        }
    }
}

impl Drop for ImportFolder {
    /// Leaves nothing behind that is not needed to go on.
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path.join(LOCK));
        // Only an empty folder can be removed.
        let _ = self.made.iter().try_for_each(fs::remove_dir);
    }
}

/// A file that was being written when an import was stopped.
fn is_part(name: &std::ffi::OsStr) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "part")
}

/// In what an import that is there is another than a new one; nothing where it is the same.
fn difference(there: &Manifest, new: &Manifest) -> Option<String> {
    if there.source != new.source {
        return Some(format!("from '{}', not '{}'", there.source, new.source));
    }
    let licence = ("licence", there.licence.as_ref(), new.licence.as_ref());
    let is_same = there.fingerprint == new.fingerprint;
    // Before, manifests did not say how they were imported.
    let names = there.options.keys().chain(new.options.keys()).filter(|_| !is_same);
    let options = names.map(|name| (name.as_str(), there.options.get(name), new.options.get(name)));
    match [licence].into_iter().chain(options).find(|(_, there, new)| there != new) {
        Some(("classes", Some(_), Some(_))) => Some("with another list of --classes".to_owned()),
        Some((name, Some(there), Some(new))) => Some(format!("with --{name} '{there}', not '{new}'")),
        Some((name, Some(_), None)) => Some(format!("with --{name}")),
        Some((name, None, _)) => Some(format!("without --{name}")),
        None if is_same => None,
        None => Some("from other data, or its files have changed since".to_owned()),
    }
}

/// Writes shards, and keeps after each how far the import is.
pub(super) struct DatasetWriter<'a> {
    folder: &'a ImportFolder,
    pub builder: DatasetBuilder,
}

impl<'a> DatasetWriter<'a> {
    pub(crate) fn new(folder: &'a ImportFolder, manifest: Manifest) -> Self {
        Self { folder, builder: DatasetBuilder::new(manifest) }
    }

    /// Sketches written so far.
    pub(crate) fn count(&self) -> usize {
        self.builder.manifest.count
    }

    pub(crate) fn skipped(&mut self) -> &mut SkippedItems {
        &mut self.builder.manifest.skipped
    }

    /// Everything up to this place in the source is done; writes the shard if it is full.
    pub(crate) fn done(&mut self, file: usize, item: u64) -> Result<(), DataError> {
        if !self.builder.is_full() {
            return Ok(());
        }
        self.close()?;
        self.folder.save(&ImportJournal { file, item, manifest: self.builder.manifest.clone() })
    }

    /// Writes what is left.
    pub(crate) fn finish(mut self) -> Result<Manifest, DataError> {
        self.close()?;
        Ok(self.builder.manifest)
    }

    fn close(&mut self) -> Result<(), DataError> {
        let Some((bytes, info)) = self.builder.take_shard() else { return Ok(()) };
        let path = self.folder.path().join(&info.file);
        replace(&path, &bytes).map_err(|source| write_error(&path, source))
    }
}

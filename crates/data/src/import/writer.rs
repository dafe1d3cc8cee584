use super::journal::{ImportFolder, ImportJournal};
use crate::builder::DatasetBuilder;
use crate::manifest::{Manifest, replace, write_error};
use crate::{DataError, SkippedItems};

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
        self.folder.keep(&ImportJournal { file, item, manifest: self.builder.manifest.clone() })
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

use std::collections::HashMap;

use super::journal::{Folder, Journal};
use crate::manifest::Manifest;
use crate::manifest::{replace, write_error};
use crate::shard::Builder;
use crate::{DataError, Part};

/// Sketches and bytes after which a shard is full.
const SHARD: usize = 8192;
const SHARD_BYTES: usize = 8 << 20;
/// The most words that a data set may have.
const MAX_WORDS: usize = 100_000;

/// A sketch ready to be written.
pub(super) struct Item {
    pub bytes: Vec<u8>,
    pub word: Option<String>,
    pub part: Option<Part>,
    pub kind: &'static str,
    /// How the word was written, where that was in another way.
    pub written: Option<String>,
    /// The file, and what of it is not in the sketch.
    pub left_out: Option<(String, Vec<String>)>,
}

/// Fills shards, and keeps after each how far the import is.
pub(super) struct Writer<'a> {
    folder: &'a Folder,
    journal: Journal,
    words: HashMap<String, u32>,
    shard: Builder,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(folder: &'a Folder, journal: Journal) -> Self {
        let words = (0..).zip(&journal.manifest.words).map(|(at, (word, _))| (word.clone(), at)).collect();
        Self { folder, journal, words, shard: Builder::default() }
    }

    /// Sketches written so far.
    pub(crate) fn count(&self) -> usize {
        self.journal.manifest.count
    }

    /// Broken ones so far.
    pub(crate) fn skipped(&self) -> u64 {
        self.journal.manifest.skipped.count
    }

    pub(crate) fn skip(&mut self, error: &DataError) {
        self.journal.manifest.skipped.add(error);
    }

    pub(crate) fn ignore(&mut self, name: &str) {
        self.journal.manifest.skipped.ignore(name);
    }

    pub(crate) fn leave_class(&mut self) {
        self.journal.manifest.skipped.other_classes += 1;
    }

    pub(crate) fn push(&mut self, item: &Item) -> Result<(), DataError> {
        let word = match &item.word {
            Some(word) => Some(self.word(word)?),
            None => None,
        };
        self.shard.push(&item.bytes, word, item.part);
        let manifest = &mut self.journal.manifest;
        manifest.count += 1;
        if let Some(word) = word {
            manifest.words[word as usize].1 += 1;
        }
        if let Some(part) = item.part {
            *manifest.parts.entry(part.name().to_owned()).or_default() += 1;
        }
        *manifest.kinds.entry(item.kind.to_owned()).or_default() += 1;
        Ok(())
    }

    /// The number of a word, which is given when it is first met.
    fn word(&mut self, word: &str) -> Result<u32, DataError> {
        if let Some(at) = self.words.get(word) {
            return Ok(*at);
        }
        if self.words.len() >= MAX_WORDS {
            return Err(DataError::Words { limit: MAX_WORDS });
        }
        let at = self.words.len() as u32;
        self.words.insert(word.to_owned(), at);
        self.journal.manifest.words.push((word.to_owned(), 0));
        Ok(at)
    }

    /// Everything up to this place in the source is done; writes the shard if it is full.
    pub(crate) fn done(&mut self, file: usize, item: u64) -> Result<(), DataError> {
        (self.journal.file, self.journal.item) = (file, item);
        if self.shard.count() < SHARD && self.shard.bytes() < SHARD_BYTES {
            return Ok(());
        }
        self.close()?;
        self.folder.keep(&self.journal)
    }

    /// Writes what is left.
    pub(crate) fn finish(mut self) -> Result<Manifest, DataError> {
        if self.shard.count() > 0 {
            self.close()?;
        }
        Ok(self.journal.manifest)
    }

    fn close(&mut self) -> Result<(), DataError> {
        let shards = &mut self.journal.manifest.shards;
        let (bytes, info) = std::mem::take(&mut self.shard).finish(format!("{:05}.shard", shards.len()));
        let path = self.folder.path().join(&info.file);
        replace(&path, &bytes).map_err(|source| write_error(&path, source))?;
        shards.push(info);
        Ok(())
    }
}

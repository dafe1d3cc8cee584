use std::collections::HashMap;

use crate::encoding::EncodedSketch;
use crate::shard::ShardBuilder;
use crate::{DataError, Manifest, ShardInfo};

/// Sketches and bytes after which a shard is full.
const SHARD: usize = 8192;
const SHARD_BYTES: usize = 8 << 20;
/// The most words that a data set may have.
const MAX_WORDS: usize = 100_000;

/// A data set in the making: fills shards and counts in a manifest what is in them.
pub(crate) struct DatasetBuilder {
    pub manifest: Manifest,
    words: HashMap<String, u32>,
    shard: ShardBuilder,
}

impl DatasetBuilder {
    /// Goes on from what a manifest says is there.
    pub(crate) fn new(manifest: Manifest) -> Self {
        let words = (0..).zip(&manifest.words).map(|(at, (word, _))| (word.clone(), at)).collect();
        Self { manifest, words, shard: ShardBuilder::default() }
    }

    pub(crate) fn push(&mut self, sketch: &EncodedSketch) -> Result<(), DataError> {
        let word = sketch.word.as_deref().map(|word| self.word(word)).transpose()?;
        self.shard.push(&sketch.bytes, word, sketch.part);
        self.manifest.count += 1;
        if let Some(word) = word {
            self.manifest.words[word as usize].1 += 1;
        }
        if let Some(part) = sketch.part {
            *self.manifest.parts.entry(part.name().to_owned()).or_default() += 1;
        }
        *self.manifest.kinds.entry(sketch.kind.to_owned()).or_default() += 1;
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
        self.manifest.words.push((word.to_owned(), 0));
        Ok(at)
    }

    /// True if the shard holds as many sketches or bytes as one may.
    pub(crate) fn is_full(&self) -> bool {
        self.shard.count() >= SHARD || self.shard.bytes() >= SHARD_BYTES
    }

    /// Ends the shard, if anything is in it: its bytes and its entry in the manifest.
    pub(crate) fn take_shard(&mut self) -> Option<(Vec<u8>, ShardInfo)> {
        if self.shard.count() == 0 {
            return None;
        }
        let name = format!("{:05}.shard", self.manifest.shards.len());
        let (bytes, info) = std::mem::take(&mut self.shard).finish(name);
        self.manifest.shards.push(info.clone());
        Some((bytes, info))
    }
}

//! A file of some thousand sketches.

use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::map::map_file;
use crate::{DataError, Part};

const MAGIC: &[u8; 8] = b"dabshard";
const VERSION: u32 = 1;
/// Magic, version, count.
const HEADER: usize = 16;
/// Bytes in the index for each sketch: its place, its word, its part.
const INDEXED: usize = 8 + 4 + 1;
/// The word of a sketch that has none.
const NO_WORD: u32 = u32::MAX;

/// Entry of a shard in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardInfo {
    /// Its name in the data set's folder.
    pub file: String,
    /// Sketches in it.
    pub count: usize,
    /// Its length in bytes.
    pub bytes: u64,
    /// The CRC-32 of all of it.
    pub crc32: u32,
}

impl ShardInfo {
    /// True if a file may be named so and hold as many sketches as this says.
    pub(super) fn can_be(&self) -> bool {
        let index = (self.count as u64).checked_mul(INDEXED as u64);
        let fits =
            index.and_then(|index| index.checked_add(HEADER as u64)).is_some_and(|least| least <= self.bytes);
        self.count > 0 && fits && !self.file.contains(['/', '\\']) && !self.file.starts_with('.')
    }
}

/// A shard in the making.
#[derive(Default)]
pub(crate) struct ShardBuilder {
    ends: Vec<u64>,
    words: Vec<u32>,
    parts: Vec<u8>,
    items: Vec<u8>,
}

impl ShardBuilder {
    pub(crate) fn push(&mut self, item: &[u8], word: Option<u32>, part: Option<Part>) {
        self.items.extend_from_slice(item);
        self.ends.push(self.items.len() as u64);
        self.words.push(word.unwrap_or(NO_WORD));
        self.parts.push(part.map_or(0, |part| part as u8 + 1));
    }

    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.items.len()
    }

    /// The file, and what to remember of it under this name.
    pub(crate) fn finish(self, file: String) -> (Vec<u8>, ShardInfo) {
        let count = self.count();
        let mut bytes = Vec::with_capacity(HEADER + count * INDEXED + self.items.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((count as u32).to_le_bytes());
        bytes.extend(self.ends.iter().flat_map(|end| end.to_le_bytes()));
        bytes.extend(self.words.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend(self.parts);
        bytes.extend(self.items);
        let info = ShardInfo { file, count, bytes: bytes.len() as u64, crc32: crc32fast::hash(&bytes) };
        (bytes, info)
    }
}

/// A sketch in a shard.
pub(super) struct ShardEntry<'a> {
    pub bytes: &'a [u8],
    /// The number of its word.
    pub word: Option<u32>,
    pub part: Option<Part>,
}

/// A shard to read from. It is opened, and its checksum compared, when something of it is first needed.
pub(super) struct Shard {
    path: PathBuf,
    info: ShardInfo,
    bytes: OnceLock<Result<ShardBytes, String>>,
}

/// Bytes of a shard, mapped from its file or in memory.
type ShardBytes = Box<dyn Deref<Target = [u8]> + Send + Sync>;

impl Shard {
    pub(crate) fn new(folder: &Path, info: ShardInfo) -> Self {
        Self { path: folder.join(&info.file), info, bytes: OnceLock::new() }
    }

    /// A shard just [built](ShardBuilder::finish), in memory.
    pub(crate) fn in_memory((bytes, info): (Vec<u8>, ShardInfo)) -> Self {
        Self {
            path: info.file.clone().into(),
            info,
            bytes: OnceLock::from(Ok(Box::new(bytes) as ShardBytes)),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.info.count
    }

    /// Sketch `index`.
    pub(crate) fn get(&self, index: usize) -> Result<ShardEntry<'_>, DataError> {
        let bytes = self.bytes()?;
        let count = self.info.count;
        let end = |index: usize| u64_at(bytes, HEADER + 8 * index) as usize;
        let items = &bytes[HEADER + count * INDEXED..];
        let start = if index == 0 { 0 } else { end(index - 1) };
        let word = u32_at(bytes, HEADER + 8 * count + 4 * index);
        let part = bytes[HEADER + 12 * count + index];
        let part = part.checked_sub(1).and_then(|at| Part::ALL.get(usize::from(at))).copied();
        Ok(ShardEntry { bytes: &items[start..end(index)], word: (word != NO_WORD).then_some(word), part })
    }

    /// The whole file, found to be what was written.
    pub(crate) fn bytes(&self) -> Result<&[u8], DataError> {
        match self.bytes.get_or_init(|| self.open()) {
            Ok(bytes) => Ok(bytes),
            Err(reason) => Err(self.damaged(reason.clone())),
        }
    }

    /// Error for a shard that is not as it was written.
    pub(crate) fn damaged(&self, reason: String) -> DataError {
        DataError::Damaged { path: self.path.clone(), reason }
    }

    fn open(&self) -> Result<ShardBytes, String> {
        let map =
            File::open(&self.path).and_then(|file| map_file(&file)).map_err(|error| error.to_string())?;
        if map.len() as u64 != self.info.bytes {
            return Err(format!("it has {} bytes in place of {}", map.len(), self.info.bytes));
        }
        if crc32fast::hash(&map) != self.info.crc32 {
            return Err("its checksum is wrong".to_owned());
        }
        if !is_consistent(&map, self.info.count) {
            return Err("it is no shard of this version".to_owned());
        }
        Ok(Box::new(map))
    }
}

/// True if every place that the index names lies in the file.
fn is_consistent(bytes: &[u8], count: usize) -> bool {
    let Some(index) = count.checked_mul(INDEXED).and_then(|index| index.checked_add(HEADER)) else {
        return false;
    };
    let Some(items) = bytes.len().checked_sub(index) else { return false };
    let header =
        bytes.starts_with(MAGIC) && u32_at(bytes, 8) == VERSION && u32_at(bytes, 12) as usize == count;
    let ends: Vec<u64> = (0..count).map(|at| u64_at(bytes, HEADER + 8 * at)).collect();
    header && ends.is_sorted() && ends.last().copied().unwrap_or(0) == items as u64
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

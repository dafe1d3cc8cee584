//! Data sets on disk: sketches of any source in one compact form, read without being loaded.
//!
//! A folder with `manifest.json`, shards, and perhaps `split.json`. `docs/data-format.md` specifies it.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::{Import, Part, Sketch, SketchError, Split};

mod examples;
mod inspection;
pub(crate) mod item;
pub(crate) mod manifest;
mod map;
mod mixed;
pub(crate) mod shard;

pub use examples::DataExamples;
pub use inspection::{Balance, Ink, Inspection};
pub use manifest::{Manifest, Skipped};
pub use mixed::MixedExamples;
pub use shard::ShardInfo;

use shard::Shard;

/// The name of the file that makes a folder a data set.
pub const MANIFEST: &str = "manifest.json";
/// The largest manifest read, in bytes.
const MAX_MANIFEST: u64 = 256 << 20;
const FORMAT: &str = "dabnet-data";
/// The version of the format that this library writes and reads.
pub(crate) const VERSION: u32 = 1;

/// Many sketches, with words and parts, in a folder that `import` wrote.
pub struct DataSet {
    manifest: Manifest,
    split: Split,
    shards: Vec<Shard>,
    /// The number of the first sketch in each shard.
    starts: Vec<usize>,
    labels: Vec<String>,
    /// The label of each word of the manifest.
    label_of_word: Vec<usize>,
}

impl DataSet {
    /// Opens a data set.
    ///
    /// # Errors
    /// [`SketchError::NoDataSet`] where the folder has no manifest, [`SketchError::Damaged`] where what
    /// it has makes no sense. Shards are looked at when they are first needed.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, SketchError> {
        let folder = folder.as_ref();
        let manifest = read_manifest(folder)?;
        let split = Split::read(folder)?;
        let mut labels: Vec<String> = manifest.words.iter().map(|(word, _)| word.clone()).collect();
        labels.sort_unstable();
        let place = |(word, _): &(String, usize)| labels.partition_point(|label| label < word);
        let label_of_word = manifest.words.iter().map(place).collect();
        let shards: Vec<Shard> =
            manifest.shards.iter().map(|info| Shard::new(folder, info.clone())).collect();
        let starts = shards.iter().scan(0, |next, shard| {
            let start = *next;
            *next += shard.count();
            Some(start)
        });
        Ok(Self { starts: starts.collect(), manifest, split, shards, labels, label_of_word })
    }

    /// Whether a folder is a data set.
    pub fn is_at(folder: impl AsRef<Path>) -> bool {
        folder.as_ref().join(MANIFEST).is_file()
    }

    /// Sketches in it.
    pub fn len(&self) -> usize {
        self.manifest.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Tells its sketches from others, wherever they lie and whenever they were imported.
    pub fn checksum(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        self.manifest.shards.iter().for_each(|shard| sum.update(&shard.crc32.to_le_bytes()));
        sum.finalize()
    }

    /// How it is split into parts.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The words, in alphabetical order; a label is an index into them.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// A sketch with its word.
    ///
    /// # Errors
    /// [`SketchError::Damaged`] where it is not as it was written. Panics if there are not so many.
    pub fn sketch(&self, index: usize) -> Result<Sketch, SketchError> {
        let (shard, at) = self.place(index);
        let entry = shard.get(at)?;
        let sketch =
            item::decode(entry.bytes).ok_or_else(|| shard.damaged(format!("sketch {at} makes no sense")))?;
        let word = self.label_of(entry.word).map(|label| self.labels[label].clone());
        Ok(Sketch { word, ..sketch })
    }

    /// What tells a sketch from others in its source, where that says so.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn id(&self, index: usize) -> Result<Option<String>, SketchError> {
        let (shard, at) = self.place(index);
        let id = item::id(shard.get(at)?.bytes);
        id.ok_or_else(|| shard.damaged(format!("sketch {at} makes no sense")))
    }

    /// What a sketch shows, as an index into [`labels`](Self::labels).
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn label(&self, index: usize) -> Result<Option<usize>, SketchError> {
        let (shard, at) = self.place(index);
        Ok(self.label_of(shard.get(at)?.word))
    }

    /// The part that the source of a sketch gives it.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn given_part(&self, index: usize) -> Result<Option<Part>, SketchError> {
        let (shard, at) = self.place(index);
        Ok(shard.get(at)?.part)
    }

    /// The part of every sketch, by the data set's [split](Self::split).
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn parts(&self) -> Result<Vec<Part>, SketchError> {
        self.split.parts(self)
    }

    /// The part that every sketch would have by another split.
    ///
    /// # Errors
    /// [`SketchError::Split`] if the split makes no sense, and as [`sketch`](Self::sketch).
    pub fn parts_by(&self, split: &Split) -> Result<Vec<Part>, SketchError> {
        split.validate()?;
        split.parts(self)
    }

    /// The numbers of the sketches of one part, in order.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn indices(&self, part: Part) -> Result<Vec<usize>, SketchError> {
        let parts = self.parts()?;
        Ok((0..self.len()).filter(|index| parts[*index] == part).collect())
    }

    /// The bytes of a drawing: the same for two sketches that are drawn the same.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn content(&self, index: usize) -> Result<&[u8], SketchError> {
        let (shard, at) = self.place(index);
        item::content(shard.get(at)?.bytes)
            .ok_or_else(|| shard.damaged(format!("sketch {at} makes no sense")))
    }

    /// Finds every shard to be what was written, so that there are as many sketches as the manifest says.
    pub(crate) fn check(&self) -> Result<(), SketchError> {
        self.shards.iter().try_for_each(|shard| shard.bytes().map(|_| ()))
    }

    fn place(&self, index: usize) -> (&Shard, usize) {
        let shard = self.starts.partition_point(|start| *start <= index) - 1;
        (&self.shards[shard], index - self.starts[shard])
    }

    fn label_of(&self, word: Option<u32>) -> Option<usize> {
        self.label_of_word.get(word? as usize).copied()
    }
}

/// Reads a manifest and checks what its reader relies on.
pub(crate) fn read_manifest(folder: &Path) -> Result<Manifest, SketchError> {
    let path = folder.join(MANIFEST);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(_) if Import::is_begun(folder) => {
            return Err(SketchError::Unfinished { path: folder.to_owned() });
        }
        Err(_) if !path.exists() => return Err(SketchError::NoDataSet { path: folder.to_owned() }),
        Err(source) => return Err(SketchError::Open { name: path.display().to_string(), source }),
    };
    let damaged = |reason: String| SketchError::Damaged { path: path.clone(), reason };
    let mut text = String::new();
    file.take(MAX_MANIFEST).read_to_string(&mut text).map_err(|error| damaged(error.to_string()))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if manifest.format != FORMAT || manifest.version != VERSION {
        let (format, version) = (&manifest.format, manifest.version);
        return Err(damaged(format!(
            "it is of the format '{format}' {version}; this program reads '{FORMAT}' {VERSION}"
        )));
    }
    let (mut counted, mut files) = (0_u64, HashSet::new());
    for info in &manifest.shards {
        if !info.can_be() || !files.insert(&info.file) {
            return Err(damaged(format!("its shard '{}' cannot be one", info.file)));
        }
        counted = counted.saturating_add(info.count as u64);
    }
    if counted != manifest.count as u64 {
        return Err(damaged(format!("it counts {} sketches and its shards {counted}", manifest.count)));
    }
    Ok(manifest)
}

impl Manifest {
    /// Of a data set with nothing in it yet.
    pub(crate) fn new(source: String, licence: Option<String>, fingerprint: u32) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            source,
            licence,
            fingerprint,
            options: BTreeMap::new(),
            count: 0,
            words: Vec::new(),
            parts: Default::default(),
            kinds: Default::default(),
            skipped: Skipped::default(),
            shards: Vec::new(),
        }
    }
}

//! Data sets on disk: sketches of any source in one compact form, read without being loaded.
//!
//! A folder with `manifest.json`, shards, and perhaps `split.json`. `docs/data-format.md` specifies it.

use std::path::Path;

use dabnet_samples::{QUICKDRAW_20_TEST, QUICKDRAW_20_TRAIN};
use dabnet_sketch::{Sketch, read_bytes};

use crate::builder::DatasetBuilder;
use crate::encoding::{self, EncodedSketch};
use crate::manifest::{MANIFEST, Manifest, read_manifest};
use crate::shard::Shard;
use crate::{DataError, Part, SplitRecipe};

/// A sketch and what it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct LabeledSketch {
    /// The sketch.
    pub sketch: Sketch,
    /// Index of its word in [`Dataset::labels`].
    pub label: usize,
}

/// Many sketches, with words and parts, in a folder that [`DatasetImport`](crate::DatasetImport) wrote or in memory.
///
/// ```
/// use dabnet_data::{Dataset, Part};
///
/// let data = Dataset::bundled()?;
/// assert_eq!((data.len(), data.labels().len()), (4000, 20));
/// let test = data.labeled_sketches(Part::Test)?;
/// assert_eq!(test[0].sketch.word.as_ref(), Some(&data.labels()[test[0].label]));
/// # Ok::<(), dabnet_data::DataError>(())
/// ```
pub struct Dataset {
    manifest: Manifest,
    split: SplitRecipe,
    shards: Vec<Shard>,
    /// The number of the first sketch in each shard.
    starts: Vec<usize>,
    labels: Vec<String>,
    /// The label of each word of the manifest.
    label_of_word: Vec<usize>,
}

impl Dataset {
    /// Opens a data set.
    ///
    /// # Errors
    /// [`DataError::NoDataSet`] where the folder has no manifest, [`DataError::Damaged`] where what
    /// it has makes no sense. Shards are looked at when they are first needed.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let folder = folder.as_ref();
        let manifest = read_manifest(folder)?;
        let split = SplitRecipe::read(folder)?;
        let shards = manifest.shards.iter().map(|info| Shard::new(folder, info.clone())).collect();
        Ok(Self::new(manifest, split, shards))
    }

    /// Sketches in memory, all with a word.
    ///
    /// # Errors
    /// [`DataError::Unlabeled`] where a sketch has no word.
    pub fn from_sketches(train: Vec<Sketch>, test: Vec<Sketch>) -> Result<Self, DataError> {
        let mut builder = DatasetBuilder::new(Manifest::new("memory".to_owned(), None, 0));
        let mut shards = Vec::new();
        for (part, sketches) in [(Part::Train, train), (Part::Test, test)] {
            for (index, sketch) in sketches.into_iter().enumerate() {
                if sketch.word.is_none() {
                    return Err(DataError::Unlabeled { part: part.name(), index });
                }
                builder.push(&EncodedSketch::new(sketch, Some(part)))?;
                if builder.is_full() {
                    shards.extend(builder.take_shard());
                }
            }
        }
        shards.extend(builder.take_shard());
        Ok(Self::new(
            builder.manifest,
            SplitRecipe::GIVEN,
            shards.into_iter().map(Shard::in_memory).collect(),
        ))
    }

    /// The data set that is part of this library: 20 words of Google's *Quick, Draw!*, 170
    /// sketches of each to train on and 30 to test with, licensed CC BY 4.0.
    ///
    /// # Errors
    /// None that the data as shipped can give.
    pub fn bundled() -> Result<Self, DataError> {
        let read = |name: &str, bytes: &[u8]| read_bytes(name, bytes)?.collect::<Result<Vec<_>, _>>();
        let mut data = Self::from_sketches(
            read("quickdraw-20/train", QUICKDRAW_20_TRAIN)?,
            read("quickdraw-20/test", QUICKDRAW_20_TEST)?,
        )?;
        data.manifest.source = "Quick, Draw! by Google".to_owned();
        data.manifest.licence = Some("CC BY 4.0".to_owned());
        Ok(data)
    }

    fn new(manifest: Manifest, split: SplitRecipe, shards: Vec<Shard>) -> Self {
        let mut labels: Vec<String> = manifest.words.iter().map(|(word, _)| word.clone()).collect();
        labels.sort_unstable();
        let place = |(word, _): &(String, usize)| labels.partition_point(|label| label < word);
        let label_of_word = manifest.words.iter().map(place).collect();
        let starts = shards.iter().scan(0, |next, shard| {
            let start = *next;
            *next += shard.count();
            Some(start)
        });
        Self { starts: starts.collect(), manifest, split, shards, labels, label_of_word }
    }

    /// True if a folder is a data set.
    pub fn is_at(folder: impl AsRef<Path>) -> bool {
        folder.as_ref().join(MANIFEST).is_file()
    }

    /// Sketches in it.
    pub fn len(&self) -> usize {
        self.manifest.count
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Description of the data set.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Checksum of the sketches, the same wherever they lie and whenever they were imported.
    pub fn checksum(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        self.manifest.shards.iter().for_each(|shard| sum.update(&shard.crc32.to_le_bytes()));
        sum.finalize()
    }

    /// Split of the data set into parts.
    pub fn split(&self) -> &SplitRecipe {
        &self.split
    }

    /// The words, in alphabetical order; a label is an index into them.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// A sketch with its word.
    ///
    /// # Errors
    /// [`DataError::Damaged`] where it is not as it was written. Panics if there are not so many.
    pub fn sketch(&self, index: usize) -> Result<Sketch, DataError> {
        let (shard, at) = self.place(index);
        let entry = shard.get(at)?;
        let sketch = encoding::decode(entry.bytes)
            .ok_or_else(|| shard.damaged(format!("sketch {at} makes no sense")))?;
        let word = self.label_of(entry.word).map(|label| self.labels[label].clone());
        Ok(Sketch { word, ..sketch })
    }

    /// Identifier of a sketch in its source, where that has one.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn id(&self, index: usize) -> Result<Option<String>, DataError> {
        let (shard, at) = self.place(index);
        let id = encoding::id(shard.get(at)?.bytes);
        id.ok_or_else(|| shard.damaged(format!("sketch {at} makes no sense")))
    }

    /// Label of a sketch, an index into [`labels`](Self::labels).
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn label(&self, index: usize) -> Result<Option<usize>, DataError> {
        let (shard, at) = self.place(index);
        Ok(self.label_of(shard.get(at)?.word))
    }

    /// The part that the source of a sketch gives it.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn given_part(&self, index: usize) -> Result<Option<Part>, DataError> {
        let (shard, at) = self.place(index);
        Ok(shard.get(at)?.part)
    }

    /// The part of every sketch, by the data set's [split](Self::split).
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn parts(&self) -> Result<Vec<Part>, DataError> {
        self.parts_by(&self.split)
    }

    /// The part that every sketch would have by another split.
    ///
    /// # Errors
    /// [`DataError::Split`] if the split makes no sense, and as [`sketch`](Self::sketch).
    pub fn parts_by(&self, split: &SplitRecipe) -> Result<Vec<Part>, DataError> {
        split.validate()?;
        // What a manifest counts is only believed when it is there.
        self.shards.iter().try_for_each(|shard| shard.bytes().map(|_| ()))?;
        let known = |index| Ok((self.label(index)?, self.given_part(index)?));
        let known = (0..self.len()).map(known).collect::<Result<Vec<_>, DataError>>()?;
        Ok(split.parts(&known, self.labels.len()))
    }

    /// The numbers of the sketches of one part, in order.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn indices(&self, part: Part) -> Result<Vec<usize>, DataError> {
        let parts = self.parts()?;
        Ok((0..self.len()).filter(|index| parts[*index] == part).collect())
    }

    /// Index and label of each sketch of one part that has a word, in order.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn labeled_indices(&self, part: Part) -> Result<Vec<(usize, usize)>, DataError> {
        let labeled = |index| Ok(self.label(index)?.map(|label| (index, label)));
        self.indices(part)?.into_iter().filter_map(|index| labeled(index).transpose()).collect()
    }

    /// The sketches of one part that have a word, in order and all in memory.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn labeled_sketches(&self, part: Part) -> Result<Vec<LabeledSketch>, DataError> {
        let read = |(index, label)| Ok(LabeledSketch { sketch: self.sketch(index)?, label });
        self.labeled_indices(part)?.into_iter().map(read).collect()
    }

    /// The bytes of a drawing: the same for two sketches that are drawn the same.
    ///
    /// # Errors
    /// As [`sketch`](Self::sketch).
    pub fn content(&self, index: usize) -> Result<&[u8], DataError> {
        let (shard, at) = self.place(index);
        encoding::content(shard.get(at)?.bytes)
            .ok_or_else(|| shard.damaged(format!("sketch {at} makes no sense")))
    }

    fn place(&self, index: usize) -> (&Shard, usize) {
        let shard = self.starts.partition_point(|start| *start <= index) - 1;
        (&self.shards[shard], index - self.starts[shard])
    }

    fn label_of(&self, word: Option<u32>) -> Option<usize> {
        self.label_of_word.get(word? as usize).copied()
    }
}

//! From a source to a data set.

mod class_map;
mod journal;

use derive_setters::Setters;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use dabnet_sketch::formats::{SketchRecord, catch_panic};
use dabnet_sketch::{Drawing, Sketch, SketchError};

use crate::encoding::EncodedSketch;
use crate::manifest::JOURNAL;
use crate::source::{LICENCES, SketchSource, SourceItem, SourceRecord};
use crate::{DataError, Manifest, Part};

pub use class_map::ClassMap;
use class_map::normal_word;
use journal::{DatasetWriter, FolderState, ImportFolder};

/// Records and bytes that are parsed together.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 8 << 20;
/// Batches that wait to be parsed, beside the one that is read and the one that is parsed: a batch may be a
/// file of [the largest size](crate::formats).
const WAITING: usize = 0;
/// The most of a file of terms that is read, in bytes.
const MAX_LICENCE: u64 = 500;
/// The longest word, in bytes.
const MAX_WORD: usize = 255;

/// Import of sketches in files, folders and archives into a data set.
///
/// ```
/// use dabnet_data::{Dataset, DatasetImport};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let (source, out) = (folder.path().join("cats.ndjson"), folder.path().join("cats"));
/// std::fs::write(&source, r#"{"word": "cat", "drawing": [[[0, 9, 5], [0, 3, 8]]]}"#).unwrap();
/// let import = DatasetImport::default().with_sources(vec![source]);
/// assert_eq!(import.run(&out, |_, _| ())?.count, 1);
/// assert_eq!(Dataset::open(&out)?.labels(), ["cat"]);
/// # Ok::<(), dabnet_data::DataError>(())
/// ```
#[derive(Clone, Debug, Setters)]
#[setters(prefix = "with_")]
#[non_exhaustive]
pub struct DatasetImport {
    /// Files, folders and archives, in this order.
    pub sources: Vec<PathBuf>,
    /// Description of the origin; the names of the sources without it.
    pub source: Option<String>,
    /// Under what terms; the first line of a source's file `LICENCE` or `LICENSE` without it.
    pub licence: Option<String>,
    /// The part of all sketches, whatever their files are called.
    pub part: Option<Part>,
    /// Of a source with several renderings of each sketch, as Sketchy is, the one to take: `tx_…`.
    pub rendering: Option<String>,
    /// The classes to take, and what they become; all as they are without it.
    pub classes: Option<ClassMap>,
    /// Larger rasters are reduced to a square of so many pixels a side, by averaging; 0 keeps them as
    /// they are.
    pub max_side: usize,
    /// True if the lines found in rasters are kept in place of their pixels.
    pub trace: bool,
    /// Threads that parse; 0 for as many as there are cores.
    pub threads: usize,
}

/// Notice of something that an import leaves out or changes.
#[derive(Clone, Copy, Debug)]
pub enum ImportNotice<'a> {
    /// Something that is broken, and left out.
    Skipped(&'a DataError),
    /// A word that is the same as another one, differently written; told once.
    SameWord {
        /// Spelling in the source.
        written: &'a str,
        /// The word that it counts as.
        word: &'a str,
    },
    /// The first sketch without a word.
    NoWord {
        /// The file.
        name: &'a str,
    },
    /// A sketch that lacks something of what its file shows.
    LeftOut {
        /// The file.
        name: &'a str,
        /// Description of what is left out.
        note: &'a str,
    },
}

impl fmt::Display for ImportNotice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(error) => error.fmt(f),
            Self::SameWord { written, word } => write!(f, "{written:?} is the word '{word}'"),
            Self::NoWord { name } => write!(f, "'{name}' has no word"),
            Self::LeftOut { name, note } => write!(f, "'{name}': {note}"),
        }
    }
}

/// Progress of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Bytes read of all sources.
    pub bytes: u64,
    /// Bytes in all sources.
    pub total_bytes: u64,
    /// Sketches imported.
    pub sketches: usize,
    /// Broken ones.
    pub skipped: u64,
}

impl Default for DatasetImport {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            source: None,
            licence: None,
            part: None,
            rendering: None,
            classes: None,
            max_side: 512,
            trace: false,
            threads: 0,
        }
    }
}

/// A record on its way from the source to the data set.
struct PendingRecord {
    /// Its place in the source.
    file: usize,
    item: u64,
    what: PendingContent,
}

enum PendingContent {
    Record {
        name: String,
        record: SketchRecord,
        word: Option<String>,
        part: Option<Part>,
        id: Option<String>,
    },
    Broken(DataError),
    Other(String),
}

/// A record that was parsed.
struct ParsedRecord {
    file: usize,
    item: u64,
    what: Result<ImportedSketch, NoSketch>,
}

/// A sketch and what there is to say of it.
struct ImportedSketch {
    sketch: EncodedSketch,
    /// Spelling of the word in the source, if it differs.
    written: Option<String>,
    /// The file.
    name: String,
    /// Notes on what of it is not in the sketch.
    notes: Vec<String>,
}

/// Reason that a record gives no sketch.
enum NoSketch {
    Broken(DataError),
    Other(String),
    /// It is of a class that is not taken.
    OtherClass,
}

impl DatasetImport {
    /// True if an import into this folder was begun and not ended.
    pub fn is_begun(folder: &Path) -> bool {
        folder.join(JOURNAL).is_file()
    }

    /// Imports everything into a folder, calling `observe` with its progress and its notices.
    ///
    /// Sketches are in the order of the sources, and in a folder in that of their names. What is broken
    /// is left out. An import that was stopped, however that was, goes on where its last shard ended, and
    /// ends with the same bytes as one that was not; an import that is done does nothing again.
    ///
    /// # Errors
    /// If a source is not there, the folder has something else in it or cannot be written to, or there
    /// is not one sketch.
    pub fn run(
        &self,
        folder: &Path,
        mut observe: impl FnMut(&ImportProgress, Option<ImportNotice<'_>>),
    ) -> Result<Manifest, DataError> {
        let source = SketchSource::list(&self.sources, self.rendering.as_deref(), folder)?;
        let folder = ImportFolder::take(folder)?;
        let journal = match folder.find(self.manifest(&source))? {
            FolderState::Done(manifest) => {
                folder.finish(&manifest)?;
                return Ok(manifest);
            }
            FolderState::Open(journal) => journal,
        };
        let (file, item) = (journal.file, journal.item);
        let mut writer = DatasetWriter::new(&folder, journal.manifest);
        if (file, item) == (0, 0) {
            for error in source.broken() {
                writer.skipped().add(error);
                let (total_bytes, skipped) = (source.bytes(), writer.skipped().count);
                let progress = ImportProgress { total_bytes, skipped, ..ImportProgress::default() };
                observe(&progress, Some(ImportNotice::Skipped(error)));
            }
        }
        let read = AtomicU64::new(source.bytes_before(file));
        let stopped = AtomicBool::new(false);
        let pool = ThreadPoolBuilder::new().num_threads(self.threads).build();
        let pool = pool.map_err(|error| DataError::Threads { reason: error.to_string() })?;
        thread::scope(|scope| {
            let (batches, waiting) = sync_channel(WAITING);
            let (source, read, stopped) = (&source, &read, &stopped);
            scope.spawn(move || read_source(source, file, item, read, stopped, &batches));
            let written = self.write_all(&waiting, &mut writer, &pool, |writer, notice| {
                let (bytes, total_bytes) = (read.load(Ordering::Relaxed), source.bytes());
                let (sketches, skipped) = (writer.count(), writer.skipped().count);
                observe(&ImportProgress { bytes, total_bytes, sketches, skipped }, notice);
            });
            stopped.store(true, Ordering::Relaxed);
            // A reader that waits for room is let go when nobody listens any more.
            drop(waiting);
            written
        })?;
        let manifest = writer.finish()?;
        if manifest.count == 0 {
            folder.give_up();
            return Err(DataError::Nothing { origin: self.names(), reason: manifest.skipped.summary() });
        }
        folder.finish(&manifest)?;
        Ok(manifest)
    }

    /// The sources, without where they are.
    fn names(&self) -> String {
        let name =
            |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        self.sources.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    fn manifest(&self, source: &SketchSource) -> Manifest {
        let mut options = format!("{:?} {:?} {} {}", self.part, self.rendering, self.max_side, self.trace);
        if let Some(classes) = &self.classes {
            options.push_str(&format!(" {}", classes.identity()));
        }
        let fingerprint = source.fingerprint() ^ crc32fast::hash(options.as_bytes());
        let source = self.source.clone().unwrap_or_else(|| self.names());
        let licence = self.licence.clone().or_else(|| self.sources.iter().find_map(|source| licence(source)));
        let manifest = Manifest::new(source, licence, fingerprint);
        Manifest { options: self.options(), ..manifest }
    }

    /// Options other than the default, by the names of the command line.
    fn options(&self) -> BTreeMap<String, String> {
        let usual = Self::default();
        let classes = |classes: &ClassMap| format!("{:08x}", crc32fast::hash(classes.identity().as_bytes()));
        let given = [
            ("part", self.part.map(|part| part.name().to_owned())),
            ("rendering", self.rendering.clone()),
            ("classes", self.classes.as_ref().map(classes)),
            ("max-side", (self.max_side != usual.max_side).then(|| self.max_side.to_string())),
            ("trace", self.trace.then(|| "true".to_owned())),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    fn write_all(
        &self,
        batches: &Receiver<Vec<PendingRecord>>,
        writer: &mut DatasetWriter<'_>,
        pool: &rayon::ThreadPool,
        mut observe: impl FnMut(&mut DatasetWriter<'_>, Option<ImportNotice<'_>>),
    ) -> Result<(), DataError> {
        let (mut written, mut told_of_no_word) = (HashSet::new(), false);
        for batch in batches {
            let parsed: Vec<ParsedRecord> =
                pool.install(|| batch.into_par_iter().map(|taken| self.parse(taken)).collect());
            for ParsedRecord { file, item, what } in parsed {
                match what {
                    Ok(item) => {
                        if let Err(error) = writer.builder.push(&item.sketch) {
                            writer.skipped().add(&error);
                            observe(writer, Some(ImportNotice::Skipped(&error)));
                        }
                        if let (Some(word), Some(other)) = (&item.sketch.word, item.written)
                            && written.insert(other.clone())
                        {
                            observe(writer, Some(ImportNotice::SameWord { written: &other, word }));
                        }
                        let name = item.name.as_str();
                        if item.sketch.word.is_none() && !mem::replace(&mut told_of_no_word, true) {
                            observe(writer, Some(ImportNotice::NoWord { name }));
                        }
                        for note in &item.notes {
                            observe(writer, Some(ImportNotice::LeftOut { name, note }));
                        }
                    }
                    Err(NoSketch::Broken(error)) => {
                        writer.skipped().add(&error);
                        observe(writer, Some(ImportNotice::Skipped(&error)));
                    }
                    Err(NoSketch::Other(name)) => writer.skipped().ignore(&name),
                    Err(NoSketch::OtherClass) => writer.skipped().other_classes += 1,
                }
                writer.done(file, item)?;
            }
            observe(writer, None);
        }
        Ok(())
    }

    fn parse(&self, taken: PendingRecord) -> ParsedRecord {
        let what = match taken.what {
            PendingContent::Other(name) => Err(NoSketch::Other(name)),
            PendingContent::Broken(error) => Err(NoSketch::Broken(error)),
            PendingContent::Record { name, record, word, part, id } => {
                // A fault in a decoder must not end the import of a million others.
                let sketch = catch_panic(|| record.sketch(&name));
                let broken = |reason| SketchError::Item { name: name.clone(), item: record.item, reason };
                let sketch = sketch.unwrap_or_else(|_| Err(broken("its decoder failed".to_owned())));
                match sketch {
                    Ok(sketch)
                        if sketch
                            .word
                            .as_ref()
                            .or(word.as_ref())
                            .is_some_and(|word| word.len() > MAX_WORD) =>
                    {
                        Err(NoSketch::Broken(
                            broken(format!("its word is longer than {MAX_WORD} bytes")).into(),
                        ))
                    }
                    Ok(sketch) => self.item(sketch, name, word, part, id).ok_or(NoSketch::OtherClass),
                    Err(error) => Err(NoSketch::Broken(error.into())),
                }
            }
        };
        ParsedRecord { file: taken.file, item: taken.item, what }
    }

    /// A sketch, and what its place says of it where it says nothing itself; nothing where its class is not taken.
    fn item(
        &self,
        sketch: Sketch,
        name: String,
        word: Option<String>,
        part: Option<Part>,
        id: Option<String>,
    ) -> Option<ImportedSketch> {
        let given = sketch.word.or(word);
        let mut word = given.as_deref().map(normal_word);
        let written = given.filter(|given| Some(given) != word.as_ref());
        if let Some(classes) = &self.classes {
            word = Some(classes.word(&word?)?.to_owned());
        }
        let notes = sketch.notes;
        let drawing = match sketch.drawing {
            Drawing::Raster(raster) if self.trace => Drawing::Strokes(raster.to_strokes()),
            Drawing::Raster(raster) => Drawing::Raster(raster.reduced(self.max_side).into_owned()),
            other => other,
        };
        let sketch = Sketch { word, id: sketch.id.or(id), ..drawing.into() };
        let sketch = EncodedSketch::new(sketch, self.part.or(part));
        Some(ImportedSketch { sketch, written, name, notes })
    }
}

/// First line of a folder's license file.
fn licence(folder: &Path) -> Option<String> {
    LICENCES.iter().find_map(|name| {
        let mut start = Vec::new();
        File::open(folder.join(name)).ok()?.take(MAX_LICENCE).read_to_end(&mut start).ok()?;
        let text = String::from_utf8_lossy(&start);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.to_owned())
    })
}

/// Reads the source in batches until it ends or the receiver is gone.
fn read_source(
    source: &SketchSource,
    file: usize,
    item: u64,
    read: &AtomicU64,
    stopped: &AtomicBool,
    batches: &SyncSender<Vec<PendingRecord>>,
) {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    source.read(file, item, &|done| read.store(done, Ordering::Relaxed), &mut |outcome, file, item| {
        let what = match outcome {
            SourceItem::Record(SourceRecord { name, record, word, part, id }) => {
                bytes += record.len();
                let [word, id] = [word, id].map(|text| text.map(str::to_owned));
                PendingContent::Record { name: name.to_owned(), record, word, part, id }
            }
            SourceItem::Broken(error) => PendingContent::Broken(error),
            SourceItem::Other(name) => PendingContent::Other(name.to_owned()),
        };
        batch.push(PendingRecord { file, item, what });
        if batch.len() >= BATCH || bytes >= BATCH_BYTES {
            bytes = 0;
            return batches.send(mem::take(&mut batch)).is_ok() && !stopped.load(Ordering::Relaxed);
        }
        true
    });
    // Where nobody listens, there is nobody to tell.
    let _ = batches.send(batch);
}

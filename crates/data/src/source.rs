//! Sources of sketches: a file, a folder, an archive, or several of them.

mod archive;
mod path_labels;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use walkdir::WalkDir;

use dabnet_sketch::SketchError;
use dabnet_sketch::formats::{self, SketchRecord, read_sibling, records};

use crate::manifest::{JOURNAL, MANIFEST};
use crate::{DataError, Part};

use archive::ZipReader;
pub(crate) use path_labels::LICENCES;
use path_labels::PathLabels;

/// Files that may hold sketches, in an order that is always the same.
pub(crate) struct SketchSource {
    files: Vec<SourceFile>,
    archives: Vec<PathBuf>,
    /// Errors known before any file of it is read.
    broken: Vec<DataError>,
}

/// A file of a source.
struct SourceFile {
    /// True if it was named itself, and not found in a folder or an archive.
    named: bool,
    /// Its path from where the source begins, parted by `/`.
    name: String,
    /// Bytes that are read for it.
    bytes: u64,
    /// Differs, as far as can be known without reading it, where its content does: when a file was
    /// changed, and the checksum that an archive has of a member.
    mark: u64,
    place: FileLocation,
    labels: PathLabels,
}

enum FileLocation {
    File(PathBuf),
    /// Index into the archives, and in the archive.
    Member(usize, usize),
}

/// A record of a source with what its place says of it.
pub(crate) struct SourceRecord<'a> {
    /// Its file, as errors name it.
    pub name: &'a str,
    pub record: SketchRecord,
    /// Word for what it shows, if the record itself has none.
    pub word: Option<&'a str>,
    pub part: Option<Part>,
    /// Identifier among other sketches, if the record itself has none.
    pub id: Option<&'a str>,
}

/// Outcome of reading a record or a file of a source.
pub(crate) enum SourceItem<'a> {
    Record(SourceRecord<'a>),
    /// A record or a file that is broken.
    Broken(DataError),
    /// A file that is no sketch and need not be.
    Other(&'a str),
}

/// Told of each outcome, of the number of its file, and of its place in it; false ends the reading.
pub(crate) type SourceVisitor<'v> = &'v mut dyn FnMut(SourceItem<'_>, usize, u64) -> bool;

impl SketchSource {
    /// Lists what there is under some paths, without reading it; but for the folder `out`, which may lie in
    /// one of them.
    ///
    /// # Errors
    /// If a path is not there, or if sketches come in several renderings and none is chosen.
    pub(crate) fn list(paths: &[PathBuf], rendering: Option<&str>, out: &Path) -> Result<Self, DataError> {
        let mut source = Self { files: Vec::new(), archives: Vec::new(), broken: Vec::new() };
        for path in paths {
            source.add(path, out.canonicalize().ok().as_deref())?;
        }
        source.choose_rendering(rendering)?;
        let names: Vec<&str> = source.files.iter().map(|file| file.name.as_str()).collect();
        let labels = path_labels::path_labels(&names);
        source.files.iter_mut().zip(labels).for_each(|(file, labels)| file.labels = labels);
        Ok(source)
    }

    /// Files in it.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Bytes to read for all files up to one.
    pub(crate) fn bytes_before(&self, file: usize) -> u64 {
        self.files.iter().take(file).fold(0, |sum, file| sum.saturating_add(file.bytes))
    }

    /// Bytes to read for all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes_before(self.len())
    }

    /// Changes where anything in it is added, taken away, renamed, or changed.
    pub(crate) fn fingerprint(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for file in &self.files {
            hasher.update(file.name.as_bytes());
            hasher.update(&[0]);
            hasher.update(&file.bytes.to_le_bytes());
            hasher.update(&file.mark.to_le_bytes());
        }
        hasher.finalize()
    }

    /// Archives that could not be listed.
    pub(crate) fn broken(&self) -> &[DataError] {
        &self.broken
    }

    /// Reads everything from a place on: `item` records of file `file` are passed over.
    /// `progress` is called with the bytes read of all files.
    pub(crate) fn read(&self, file: usize, item: u64, progress: &dyn Fn(u64), visit: SourceVisitor<'_>) {
        let mut archive: Option<ZipReader> = None;
        // While one member is read, those beside it are read from the archive opened a second time.
        let second: RefCell<Option<ZipReader>> = RefCell::new(None);
        let mut done = self.bytes_before(file);
        for (index, entry) in self.files.iter().enumerate().skip(file) {
            let skip = if index == file { item } else { 0 };
            let read = Cell::new(0);
            let count = |bytes: u64| {
                read.set(read.get() + bytes);
                progress(done.saturating_add(read.get().min(entry.bytes)));
            };
            let goes_on = match &entry.place {
                FileLocation::File(path) => {
                    let beside = |other: &str| read_sibling(path, other);
                    match File::open(path) {
                        Ok(file) => entry.visit(
                            CountingReader { source: file, count: &count },
                            &beside,
                            index,
                            skip,
                            visit,
                        ),
                        Err(source) => {
                            visit(SourceItem::Broken(DataError::open(&entry.name, source)), index, 1)
                        }
                    }
                }
                FileLocation::Member(of, member) => {
                    open_if_other(&mut archive, &self.archives[*of]);
                    let beside = |other: &str| {
                        let mut second = second.borrow_mut();
                        open_if_other(&mut second, &self.archives[*of]);
                        second.as_mut()?.read_sibling(*member, other)
                    };
                    let opened =
                        archive.as_mut().ok_or_else(|| "the archive cannot be opened again".to_owned());
                    match opened.and_then(|archive| archive.member(*member)) {
                        Ok(file) => entry.visit(
                            CountingReader { source: file, count: &count },
                            &beside,
                            index,
                            skip,
                            visit,
                        ),
                        Err(reason) => {
                            let name = entry.name.clone();
                            visit(SourceItem::Broken(DataError::Archive { name, reason }), index, 1)
                        }
                    }
                }
            };
            if !goes_on {
                return;
            }
            done = done.saturating_add(entry.bytes);
            progress(done);
        }
    }

    fn add(&mut self, path: &Path, out: Option<&Path>) -> Result<(), DataError> {
        let metadata = path.metadata().map_err(|source| DataError::open(path.display(), source))?;
        let root = path.canonicalize().ok().and_then(|path| file_name(&path)).unwrap_or_default();
        if path.join(MANIFEST).is_file() || path.join(JOURNAL).is_file() {
            return Err(DataError::Imported { path: path.to_owned() });
        }
        if metadata.is_dir() {
            return self.add_folder(path, &root, out);
        }
        if !metadata.is_file() {
            return Err(DataError::open(path.display(), neither()));
        }
        if ZipReader::recognize(path) {
            // The only archive of its source: without it there is nothing.
            let archive =
                ZipReader::open(path).map_err(|reason| DataError::Archive { name: root.clone(), reason })?;
            self.add_archive(path, &root, &archive);
        } else {
            let entry = SourceFile::new(
                root,
                metadata.len(),
                changed(&metadata),
                FileLocation::File(path.to_owned()),
            );
            self.files.push(SourceFile { named: true, ..entry });
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, root: &str, out: Option<&Path>) -> Result<(), DataError> {
        let visible = |entry: &walkdir::DirEntry| {
            let is_out = || out.is_some() && entry.path().canonicalize().ok().as_deref() == out;
            entry.depth() == 0
                || !(is_hidden(&entry.file_name().to_string_lossy())
                    || entry.file_type().is_dir() && is_out())
        };
        // Folders that links lead to. Links to folders of links would otherwise be without end.
        let mut linked = HashSet::new();
        let mut entries =
            WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible);
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let name =
                        error.path().map_or_else(|| root.to_owned(), |path| path.display().to_string());
                    let source = error
                        .into_io_error()
                        .unwrap_or_else(|| io::Error::other("a link leads back to itself"));
                    self.broken.push(DataError::open(name, source));
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                let target = entry.path_is_symlink().then(|| entry.path().canonicalize().ok()).flatten();
                if target.is_some_and(|target| !linked.insert(target)) {
                    let source = io::Error::other("another link leads to the same folder");
                    self.broken.push(DataError::open(entry.path().display(), source));
                    entries.skip_current_dir();
                }
                continue;
            }
            let path = entry.path();
            let below = path.strip_prefix(folder).unwrap_or(path);
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            let name = format!("{root}/{}", parts.join("/"));
            if !entry.file_type().is_file() {
                self.broken.push(DataError::open(name, neither()));
                continue;
            }
            if ZipReader::recognize(path) {
                match ZipReader::open(path) {
                    Ok(archive) => self.add_archive(path, &name, &archive),
                    Err(reason) => self.broken.push(DataError::Archive { name, reason }),
                }
            } else {
                let (bytes, mark) =
                    entry.metadata().map_or((0, 0), |metadata| (metadata.len(), changed(&metadata)));
                self.files.push(SourceFile::new(name, bytes, mark, FileLocation::File(path.to_owned())));
            }
        }
        Ok(())
    }

    fn add_archive(&mut self, path: &Path, name: &str, archive: &ZipReader) {
        let at = self.archives.len();
        self.archives.push(path.to_owned());
        let mut members = archive.members().to_vec();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        for member in members {
            if member.name.split('/').any(is_hidden) {
                continue;
            }
            let place = FileLocation::Member(at, member.index);
            let name = format!("{name}/{}", member.name);
            self.files.push(SourceFile::new(name, member.bytes, member.crc32.into(), place));
        }
        let broken = |(member, reason): &(String, String)| DataError::Archive {
            name: format!("{name}/{member}"),
            reason: reason.clone(),
        };
        self.broken.extend(archive.broken().iter().map(broken));
    }

    /// Sketchy has each sketch in several renderings, in folders `tx_…`, and photographs beside them.
    fn choose_rendering(&mut self, chosen: Option<&str>) -> Result<(), DataError> {
        let rendering = |entry: &SourceFile| {
            entry.name.split('/').find(|part| part.starts_with("tx_")).map(str::to_owned)
        };
        self.files
            .retain(|entry| rendering(entry).is_none() || !entry.name.split('/').any(|part| part == "photo"));
        let mut all: Vec<String> = self.files.iter().filter_map(rendering).collect();
        all.sort_unstable();
        all.dedup();
        let choose = |reason: String| Err(DataError::Rendering { reason, renderings: all.join(", ") });
        match chosen {
            Some(_) if all.is_empty() => return choose("there are no renderings, folders tx_...".to_owned()),
            Some(chosen) if !all.iter().any(|name| name == chosen) => {
                return choose(format!("there is no rendering '{chosen}', only "));
            }
            None if all.len() > 1 => {
                return choose(
                    "every sketch is there in several renderings; choose one (--rendering): ".to_owned(),
                );
            }
            Some(chosen) => self.files.retain(|entry| rendering(entry).is_none_or(|name| name == chosen)),
            None => {}
        }
        Ok(())
    }
}

impl SourceFile {
    fn new(name: String, bytes: u64, mark: u64, place: FileLocation) -> Self {
        Self { named: false, name, bytes, mark, place, labels: PathLabels::default() }
    }

    /// True if it is meant to be a sketch, and so is broken if it is none.
    fn is_meant(&self) -> bool {
        self.named || path_labels::is_of_sketches(&self.name)
    }

    /// Reads one file; false where the visitor has had enough.
    fn visit(
        &self,
        source: impl Read,
        beside: formats::SiblingReader<'_>,
        file: usize,
        skip: u64,
        visit: SourceVisitor<'_>,
    ) -> bool {
        if path_labels::is_read_with_others(&self.name) {
            return true;
        }
        let records = match records(&self.name, source, beside) {
            Ok(records) => records,
            Err(_) if skip > 0 => return true,
            Err(SketchError::Format { .. } | SketchError::Empty { .. }) if !self.is_meant() => {
                return visit(SourceItem::Other(&self.name), file, 1);
            }
            Err(error) => return visit(SourceItem::Broken(error.into()), file, 1),
        };
        for (at, record) in (1..).zip(records) {
            if at <= skip {
                continue;
            }
            let outcome = match record {
                Ok(record) => SourceItem::Record(SourceRecord {
                    name: &self.name,
                    record,
                    word: self.labels.word.as_deref(),
                    part: self.labels.part,
                    id: self.labels.id.as_deref(),
                }),
                Err(error) => SourceItem::Broken(error.into()),
            };
            if !visit(outcome, file, at) {
                return false;
            }
        }
        true
    }
}

/// Opens an archive, unless it is the one that is open; none where it cannot be.
fn open_if_other(archive: &mut Option<ZipReader>, path: &Path) {
    if archive.as_ref().is_none_or(|archive| archive.path() != path) {
        *archive = ZipReader::open(path).ok();
    }
}

/// A reader that says how much was read.
struct CountingReader<'a, R> {
    source: R,
    count: &'a dyn Fn(u64),
}

impl<R: Read> Read for CountingReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        (self.count)(read as u64);
        Ok(read)
    }
}

/// Time of a file's last change, in nanoseconds; 0 where the system does not say.
fn changed(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as u64)
}

fn neither() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a folder")
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// True if a name is of what systems put beside people's files.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

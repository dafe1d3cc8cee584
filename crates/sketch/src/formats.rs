//! One file per format, and the one place that tells them apart.
//!
//! A file is first cut into [`RecordReader`], which takes little time and knows nothing of sketches; a
//! [`SketchRecord`] is parsed on its own, so that many can be at once. A new format is a new file here, a way
//! to recognize it in [`records`], and an arm in [`SketchRecord::sketch`].

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use flate2::bufread::MultiGzDecoder;

use crate::{Sketch, SketchError};

mod binary;
mod cifar;
mod csv;
mod idx;
pub mod image;
mod json;
mod ndjson;
mod npy;
mod offsets;
mod pickle;
mod reader;
mod record;
mod rows;
mod scene;
mod svg;
mod untrusted;

pub use json::parse_json;
pub use reader::RecordReader;
pub use record::SketchRecord;
pub use untrusted::{catch_panic, truncate_message};

use record::RecordKind;

/// Bytes looked at to recognize a format.
const HEAD: u64 = 1024;
/// The most points of a drawing that is read; people draw hundreds.
const MAX_POINTS: usize = 100_000;
/// The largest text read that is not in UTF-8, in bytes: it is decoded as a whole.
const MAX_TEXT_BYTES: u64 = 64 << 20;
/// The largest picture file read, in bytes.
const MAX_IMAGE_BYTES: u64 = 32 << 20;

type ByteSource<'a> = Box<dyn BufRead + 'a>;

/// Gives what lies beside a file under another name, where there is such a file: the labels of images in
/// IDX files, the names of CIFAR's classes.
pub type SiblingReader<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// The sketches of one file, in order.
///
/// An item is an error where one sketch of many is broken; the iterator goes on after it where
/// that makes sense.
pub struct SketchReader {
    records: RecordReader<'static>,
    /// Of a file that holds one only, which was parsed to see whether it does.
    single: Option<Sketch>,
}

impl Iterator for SketchReader {
    type Item = Result<Sketch, SketchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(sketch) = self.single.take() {
            return Some(Ok(sketch));
        }
        let record = self.records.next()?;
        Some(record.and_then(|record| record.sketch(self.records.name())))
    }
}

/// Reads the sketches of a file, whose format is recognized by its content.
///
/// PNG, JPEG, WebP, GIF, BMP and SVG give one sketch, ndjson one for each line, scenes of Excalidraw and tldraw one for each
/// group of elements, Quick, Draw!'s binary form, NumPy bitmaps, IDX and CIFAR one for each record. All may be gzip compressed. Labels in IDX files and names
/// of CIFAR's classes are looked for beside the file.
///
/// # Errors
/// If nothing of the file can be used: it is missing, a folder, empty, in no known format, or
/// a single sketch that is broken. A broken sketch among many is an item of the iterator.
pub fn read_file(path: impl AsRef<Path>) -> Result<SketchReader, SketchError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(SketchError::Folder { name });
    }
    let beside = |other: &str| read_sibling(path, other);
    match File::open(path) {
        Ok(file) => checked(records(&name, file, &beside)?),
        Err(source) => Err(SketchError::Open { name, source }),
    }
}

/// Reads sketches from memory; `name` stands for the path in errors.
///
/// ```
/// use dabnet_sketch::{Drawing, read_bytes};
///
/// let line = r#"{"word": "cat", "drawing": [[[0, 9, 5], [0, 3, 8]]]}"#;
/// let sketch = read_bytes("cats.ndjson", line)?.next().unwrap()?;
/// assert_eq!(sketch.word.as_deref(), Some("cat"));
/// assert!(matches!(sketch.drawing, Drawing::Strokes(strokes) if strokes[0].points.len() == 3));
/// # Ok::<(), dabnet_sketch::SketchError>(())
/// ```
///
/// # Errors
/// As [`read_file`].
pub fn read_bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Result<SketchReader, SketchError> {
    read(name, Cursor::new(bytes.into()))
}

/// Reads sketches from a stream, such as the standard input; `name` stands for the path in errors.
///
/// # Errors
/// As [`read_file`].
pub fn read(name: &str, source: impl Read + 'static) -> Result<SketchReader, SketchError> {
    checked(records(name, source, &|_| None)?)
}

/// A file that holds a single sketch is parsed here and now: if that is broken, so is the file.
fn checked(mut records: RecordReader<'static>) -> Result<SketchReader, SketchError> {
    let single = match records.take_single() {
        Some(record) => Some(record.sketch(records.name())?),
        None => None,
    };
    Ok(SketchReader { records, single })
}

/// The content of a file in the same folder, if it is not too large to be labels.
pub fn read_sibling(path: &Path, other: &str) -> Option<Vec<u8>> {
    let file = File::open(path.with_file_name(other)).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_SIBLING_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_SIBLING_BYTES).then_some(bytes)
}

/// The largest file of labels that is read, in bytes.
pub const MAX_SIBLING_BYTES: u64 = 64 << 20;

/// Cuts a file into its records.
///
/// # Errors
/// If the file is empty, in no known format, or larger than a single sketch may be.
pub fn records<'a>(
    name: &str,
    source: impl Read + 'a,
    beside: SiblingReader<'_>,
) -> Result<RecordReader<'a>, SketchError> {
    let (mut head, mut source) = peek(name, Box::new(BufReader::new(source)))?;
    if head.starts_with(&[0x1f, 0x8b]) {
        (head, source) = peek(name, Box::new(BufReader::new(MultiGzDecoder::new(source))))?;
    }
    let fail = |reason| SketchError::Header { name: name.to_owned(), reason };
    if let Some((encoding, _)) = Encoding::for_bom(&head).filter(|(encoding, _)| *encoding != UTF_8) {
        let bytes = read_up_to(name, source, MAX_TEXT_BYTES)?;
        let text = encoding.decode_with_bom_removal(&bytes).0;
        return records(name, Cursor::new(text.into_owned().into_bytes()), beside);
    }
    if let Some(format) = image::ImageFileFormat::recognize(&head) {
        let bytes = read_up_to(name, source, MAX_IMAGE_BYTES)?;
        return Ok(RecordReader::single_of(name, RecordKind::Image(format), bytes));
    }
    if npy::recognize(&head) {
        return Ok(match npy::contents(source).map_err(fail)? {
            npy::ArrayContents::Rows(rows) => RecordReader::rows(name, rows),
            npy::ArrayContents::Drawings(drawings) => RecordReader::offsets(name, drawings),
        });
    }
    if idx::recognize(&head) {
        return Ok(RecordReader::rows(name, idx::rows(name, source, beside).map_err(fail)?));
    }
    if let Some(kind) = cifar::CifarVariant::recognize(name) {
        return Ok(RecordReader::rows(name, cifar::rows(kind, source, beside)));
    }
    // Before records that begin with any number.
    if let Some(format) = unread(&head).filter(|_| head.starts_with(ICON)) {
        return Err(fail(not_read(format)));
    }
    if binary::recognize(&head) {
        return Ok(RecordReader::drawings(name, source));
    }
    text_records(name, &head, source)
}

/// Cuts a file that is in no binary format.
fn text_records<'a>(
    name: &str,
    head: &[u8],
    mut source: ByteSource<'a>,
) -> Result<RecordReader<'a>, SketchError> {
    let fail = |reason| SketchError::Header { name: name.to_owned(), reason };
    match head.trim_ascii_start().first() {
        None if head.len() as u64 == HEAD => {
            skip_white_space(&mut source)
                .map_err(|source| SketchError::Read { name: name.to_owned(), source })?;
            let (head, source) = peek(name, source)?;
            text_records(name, &head, source)
        }
        None => Err(SketchError::Empty { name: name.to_owned() }),
        Some(b'<') if !is_svg(head) => Err(fail(what_else(head))),
        Some(b'<') => {
            Ok(RecordReader::single_of(name, RecordKind::Svg, read_up_to(name, source, svg::MAX_BYTES)?))
        }
        Some(b'{') if scene::recognize(head) => {
            let bytes = read_up_to(name, source, MAX_TEXT_BYTES)?;
            let sketches = scene::records(&bytes).map_err(fail)?.into_iter().map(Ok).collect();
            Ok(RecordReader::objects(name, RecordKind::Scene, sketches))
        }
        Some(b'{' | b'[')
            if json::is_pretty(head)
                || json::is_list(head)
                || name.ends_with(".json") && !json::recognize(head) =>
        {
            let bytes = read_up_to(name, source, MAX_TEXT_BYTES)?;
            // Many programs write JSON, and few of them sketches.
            match json::recognize(&bytes) {
                true => Ok(RecordReader::objects(name, RecordKind::Object, json::objects(&bytes))),
                false => Err(SketchError::Format { name: name.to_owned() }),
            }
        }
        // A broken line is an error of its own, the first one too.
        Some(_)
            if head.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"{")) =>
        {
            Ok(RecordReader::lines(name, source))
        }
        Some(_) if csv::recognize(head) => {
            Ok(RecordReader::table(name, csv::TableReader::new(source).map_err(fail)?))
        }
        Some(_) if head.starts_with(b"version https://git-lfs") => Err(fail(
            "it is a Git LFS pointer, which stands for the file: fetch it with `git lfs pull`".to_owned(),
        )),
        Some(_) if is_binary_drawings(name) => Ok(RecordReader::drawings(name, source)),
        Some(_) => Err(match unread(head) {
            Some(format) => fail(not_read(format)),
            None => SketchError::Format { name: name.to_owned() },
        }),
    }
}

/// True if there is an SVG element in the first bytes, or may be one behind them.
fn is_svg(head: &[u8]) -> bool {
    let has = |word: &[u8]| head.windows(word.len()).any(|bytes| bytes.eq_ignore_ascii_case(word));
    has(b"<svg")
        || has(b":svg")
        || !has(b"<html") && !has(b"<!doctype html") && !has(b"<Error>") && head.len() as u64 == HEAD
}

/// True if a file is named as Google's binary drawings are; its content may be damaged from the first byte on.
fn is_binary_drawings(name: &str) -> bool {
    name.strip_suffix(".gz").unwrap_or(name).ends_with(".bin")
}

/// Describes a file that looks like XML and is no SVG.
fn what_else(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head);
    let within =
        |open: &str, close: &str| Some(text.split_once(open)?.1.split_once(close)?.0.trim().to_owned());
    let says = within("<Code>", "</Code>").or_else(|| within("<title>", "</title>"));
    let says =
        says.filter(|says| says.len() < 80).map(|says| format!(", which says '{says}'")).unwrap_or_default();
    format!("it is a page of HTML or XML{says}: what was to be here was not downloaded")
}

/// A format that people have pictures in and that is not read, by its first bytes.
pub fn unread(head: &[u8]) -> Option<&'static str> {
    let brand = head.get(4..8).filter(|bytes| *bytes == b"ftyp").and_then(|_| head.get(8..12));
    match (head, brand) {
        (_, Some(b"avif" | b"avis")) => Some("an AVIF picture"),
        (_, Some(b"heic" | b"heix" | b"mif1" | b"msf1" | b"hevc")) => Some("a HEIC photograph"),
        ([b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..], _) => Some("a TIFF picture"),
        ([b'%', b'P', b'D', b'F', ..], _) => Some("a PDF document"),
        ([0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..], _) => Some("a JPEG XL picture"),
        ([b'8', b'B', b'P', b'S', ..], _) => Some("a Photoshop document"),
        (head, _) if head.starts_with(ICON) && head.get(9) == Some(&0) => Some("an icon"),
        _ => None,
    }
}

/// First bytes of an icon (ICO).
const ICON: &[u8] = &[0, 0, 1, 0];

fn not_read(format: &str) -> String {
    format!("it is {format}, which is not read: save it as PNG, or as SVG")
}

/// The first bytes of a source, without a byte order mark, and the source as if they were not
/// yet read.
fn peek<'a>(name: &str, mut source: ByteSource<'a>) -> Result<(Vec<u8>, ByteSource<'a>), SketchError> {
    let mut head = Vec::new();
    // A source that fails later has given something first: the error keeps its place behind that.
    let failure = match source.by_ref().take(HEAD).read_to_end(&mut head) {
        Err(source) if head.is_empty() => return Err(SketchError::Read { name: name.to_owned(), source }),
        read => read.err(),
    };
    if let Some(rest) = head.strip_prefix(b"\xef\xbb\xbf") {
        head = rest.to_vec();
    }
    let start = Cursor::new(head.clone());
    let whole: ByteSource<'a> = match failure {
        Some(error) => Box::new(start.chain(BufReader::new(FailingReader(error)))),
        None => Box::new(start.chain(source)),
    };
    Ok((head, whole))
}

/// Reads up to the first byte that is no white space.
fn skip_white_space(source: &mut ByteSource<'_>) -> io::Result<()> {
    loop {
        let buffer = source.fill_buf()?;
        let white = buffer.len() - buffer.trim_ascii_start().len();
        let end = white < buffer.len() || buffer.is_empty();
        source.consume(white);
        if end {
            return Ok(());
        }
    }
}

/// A source that only ever fails.
struct FailingReader(io::Error);

impl Read for FailingReader {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(self.0.kind(), self.0.to_string()))
    }
}

fn read_up_to(name: &str, source: ByteSource<'_>, limit: u64) -> Result<Vec<u8>, SketchError> {
    let mut bytes = Vec::new();
    let read = source.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|source| SketchError::Read { name: name.to_owned(), source })?;
    if bytes.len() as u64 > limit {
        return Err(SketchError::TooLarge { name: name.to_owned(), limit });
    }
    Ok(bytes)
}
